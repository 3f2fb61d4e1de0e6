"""What an operator may decide about a pool; the defaults are meant to be kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPolicy:
    """The knobs of a pool; times in seconds, shares of one.

    attempts           tries of one request, first one included
    retry_share/floor  retries before a first token: at most this share of the requests of 10 s, plus the floor
    hedge              ask a second node when the first token is later than the live p95 (and hedge_floor_s)
    hedge_share        hedges: at most this share of the requests of 100 s
    first_token_*      patience of one try: `_share` of the time left while another node remains; once the pool has
                       seen enough, `_factor` times what it expects, at least `_floor_s`
    resume             go on with a plain answer whose node died (vLLM's continue_final_message); else restart it
    idle_s             silence within a stream that ends the try
    breaker_*          failures in a row that open a node's breaker; its first and longest time open
    ramp               share of the traffic that a node gets on its return; doubled by each success
    cool_s             time that a 429 keeps a node off when it does not say; longest_cool_s bounds what it says
    hung_s             work and no token for so long: the node hangs, whatever its /health says
    load_bound         a node gets at most this multiple of the mean of recent requests (half-life half_life_s)
    affinities         channels whose prefixes are remembered
    *_limit            requests in flight per node: at first, at least, at most; between them it adapts
    queue              requests that wait in front of the nodes
    batch_share        share of all places that batch requests may hold
    health_s           seconds between polls of /health and /metrics (0: no polls); misses_allowed polls may fail
    canary_s           patience with the one-token request that a node must answer before it returns
    fresh_s            readings of /metrics older than this say nothing to the router
    """

    attempts: int = 3
    retry_share: float = 0.10
    retry_floor: int = 20
    hedge: bool = False
    hedge_share: float = 0.02
    hedge_floor_s: float = 0.25
    first_token_share: float = 0.4
    first_token_factor: float = 4.0
    first_token_floor_s: float = 1.5
    resume: bool = True
    idle_s: float = 8.0
    breaker_failures: int = 3
    breaker_open_s: float = 1.0
    breaker_longest_s: float = 30.0
    ramp: float = 0.1
    cool_s: float = 1.0
    longest_cool_s: float = 30.0
    hung_s: float = 30.0
    load_bound: float = 1.25
    half_life_s: float = 60.0
    affinities: int = 20_000
    first_limit: int = 64
    least_limit: int = 8
    largest_limit: int = 256
    queue: int = 256
    batch_share: float = 0.5
    health_s: float = 1.0
    health_timeout_s: float = 3.0
    misses_allowed: int = 2
    canary_s: float = 5.0
    fresh_s: float = 0.2
