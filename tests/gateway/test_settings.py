from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import InvalidInput
from gateway.settings import Settings, load_settings, unknown_variables


def test_without_any_setting_everything_lies_in_the_home_folder():
    settings = Settings(home=Path("x"), database_url="", events_url="")

    assert settings.database.startswith("sqlite+aiosqlite:////")
    assert settings.database.endswith("/x/catchup.db")
    assert (settings.event_file, settings.lake) == (Path("x/events.db"), Path("x/lake"))


def test_a_setting_is_read_from_its_environment_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CATCHUP_MAX_BODY_BYTES", "2048")

    assert load_settings().max_body_bytes == 2048


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CATCHUP_LISTEN", "127.0.0.1:9000")

    assert load_settings(listen="127.0.0.1:1").listen == "127.0.0.1:1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CATCHUP_EMBEDDER", "word2vec"),
        ("CATCHUP_LISTEN", "8080"),
        ("CATCHUP_LISTEN", "off"),
        ("CATCHUP_GRPC_LISTEN", "localhost:port"),
        ("CATCHUP_RATE_PER_SECOND", "0"),
        ("CATCHUP_MAX_BODY_BYTES", "12"),
        ("CATCHUP_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidInput, match=f"{name}: .*{value}") as raised:
        load_settings()

    assert "docs/reference/settings.md" in raised.value.remedy


def test_a_wrong_value_of_a_secret_setting_is_not_shown(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InvalidInput) as raised:
        load_settings(database_url=["postgresql://me:hunter2@host"])

    assert "hunter2" not in str(raised.value)


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        Settings().home = Path("elsewhere")  # pyright: ignore[reportAttributeAccessIssue]


def test_a_misspelt_setting_is_found_and_what_kubernetes_sets_is_not(monkeypatch: pytest.MonkeyPatch):
    for name in (
        "CATCHUP_LISTNE",
        "CATCHUP_SERVICE_HOST",
        "CATCHUP_PORT_8080_TCP",
        "CATCHUP_REST_SERVICE_PORT",
    ):
        monkeypatch.setenv(name, "x")

    assert unknown_variables() == ["CATCHUP_LISTNE"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CATCHUP_LLM_URL", "localhost:8000", "list of http or https URLs"),
        ("CATCHUP_LLM_URL", "http://a:1,http://a:1", "names a node twice"),
        ("CATCHUP_LLM_CONTEXT", "12", "greater than or equal to 512"),
        ("CATCHUP_MODEL_BATCH", "0", "greater than or equal to 1"),
    ],
)
def test_a_wrong_setting_of_a_model_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
):
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidInput, match=f"{name}: .*{said}"):
        load_settings()


def test_the_key_of_a_server_is_never_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CATCHUP_LLM_API_KEY", "sk-hunter2")

    settings = load_settings()

    assert "hunter2" not in repr(settings)
    assert settings.llm_api_key is not None
    assert settings.llm_api_key.get_secret_value() == "sk-hunter2"
