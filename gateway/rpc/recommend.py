"""The gRPC service `Recommend`."""

from __future__ import annotations

from core.directory import Channel
from gateway.app import Services
from gateway.auth import Scope
from gateway.proto.catchup.v1 import catchup_pb2 as pb
from gateway.proto.catchup.v1 import catchup_pb2_grpc
from gateway.reasons import Names, read_names, sentence
from gateway.rpc.call import Context, calling
from recommend.models import Ask, Recommendations, Recommended

_ROUTE = "/catchup.v1.Recommend/Recommend"


class RecommendDoor(catchup_pb2_grpc.RecommendServicer):
    """Ranks channels or people for somebody."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def Recommend(self, request: pb.RecommendRequest, context: Context) -> pb.RecommendResponse:
        """Answer as POST /v1/recommendations does."""
        async with calling(self._services, context, _ROUTE, Scope.RECOMMENDATIONS) as caller:
            ask = Ask(
                workspace=caller.workspace,
                user=caller.acting(request.user or None),
                use_case=request.use_case,
                k=request.k if request.HasField("k") else None,
                exclude=tuple(request.exclude),
            )
            answer = await self._services.recommender.recommend(ask)
            return to_response(answer, await read_names(self._services.directory, answer))
        raise AssertionError  # calling() ends an erring call itself


def to_response(answer: Recommendations, names: Names) -> pb.RecommendResponse:
    """Return an answer as it goes over the wire."""
    return pb.RecommendResponse(
        request_id=answer.request,
        use_case=answer.use_case,
        corpus=str(answer.corpus),
        arm=answer.arm,
        ranker=answer.ranker,
        ranker_version=answer.ranker_version,
        items=[_item(item, names) for item in answer.items],
        degraded=answer.degraded,
    )


def _item(item: Recommended, names: Names) -> pb.Recommended:
    return pb.Recommended(
        id=item.entry.id,
        name=f"#{item.entry.name}" if isinstance(item.entry, Channel) else f"@{item.entry.handle}",
        position=item.position,
        score=item.score,
        propensity=item.propensity,
        sources=item.sources,
        reasons=[
            pb.Reason(code=reason.code, count=reason.count, text=sentence(reason, names))
            for reason in item.reasons
        ],
    )
