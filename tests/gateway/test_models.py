from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.chat import ChatMessage, ChatRequest, complete
from core.errors import InvalidFile, InvalidInput, ModelUnavailable
from core.ids import WorkspaceId
from gateway.models import Models
from gateway.settings import Settings, load_settings
from summarize.models import Feature

ACME, OTHER = WorkspaceId("T_ACME"), WorkspaceId("T_OTHER")
ASKED = ChatRequest(messages=(ChatMessage(role="user", content="What did I miss?"),), deadline_s=5.0)
FILE = """
models:
  main: {url: [http://a:8000, http://b:8000/v1], model: qwen, context: 16384}
  small: {url: "http://c:1, http://d:1", model: tiny}
  local: {path: /models/smol, device: cpu, batch: 2}
features:
  summary: [main, small]
  recap: [small]
workspaces:
  T_ACME: {summary: [small], recap: []}
"""


def models(tmp_path: Path, text: str = FILE, **settings: object) -> Models:
    path = tmp_path / "models.yaml"
    path.write_text(text)
    return Models.from_settings(load_settings(models=path, **settings))


def keys(found: Models, workspace: WorkspaceId, feature: Feature) -> list[str]:
    return [model.key for model in found.chain(workspace, feature)]


def test_without_settings_there_is_no_model_and_every_chain_is_empty():
    found = Models.from_settings(Settings(llm_url="", model=""))

    assert (found.chain(ACME, Feature.SUMMARY), found.report()) == ((), {})


def test_the_environment_alone_makes_a_chain_of_the_server_then_the_local_model():
    found = Models.from_settings(Settings(llm_url="http://a:1", llm_model="qwen", model="/models/smol"))

    assert keys(found, ACME, Feature.SUMMARY) == ["llm", "local"]
    assert [model.chat.name for model in found.chain(ACME, Feature.RECAP)] == ["qwen", "/models/smol"]


def test_each_feature_has_its_chain(tmp_path: Path):
    found = models(tmp_path)

    assert keys(found, OTHER, Feature.SUMMARY) == ["main", "small"]
    assert keys(found, OTHER, Feature.RECAP) == ["small"]


def test_a_workspace_has_its_own_chains_and_an_empty_one_means_no_model(tmp_path: Path):
    found = models(tmp_path)

    assert keys(found, ACME, Feature.SUMMARY) == ["small"]
    assert keys(found, ACME, Feature.RECAP) == []


def test_a_feature_that_is_not_listed_uses_every_model_in_order(tmp_path: Path):
    found = models(
        tmp_path, "models: {b: {path: x}, a: {path: y}}\nfeatures: {recap: [a]}", llm_url="http://a:1"
    )

    assert keys(found, ACME, Feature.SUMMARY) == ["llm", "b", "a"]


def test_a_file_may_name_the_models_of_the_environment(tmp_path: Path):
    found = models(tmp_path, "features: {summary: [local, llm]}", llm_url="http://a:1", model="x")

    assert keys(found, ACME, Feature.SUMMARY) == ["local", "llm"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "models: {m: {path: x}}\nfeatures: {summary: [main]}",
            r"features\.summary: is no model \(got 'main'\)",
        ),
        ("models: {m: {path: x}}\nfeatures: {summary: [m, m]}", r"features\.summary: names a model twice"),
        (
            "models: {m: {path: x}}\nworkspaces: {T1: {recap: [n]}}",
            r"workspaces\.T1\.recap: is no model.*'n'",
        ),
        ("models: {m: {path: x}}\nfeatures: {summary: [m, extractive]}", "always last and never named"),
        ("models: {m: {path: x}}\nfeatures: {sumary: [m]}", r"features\.sumary.*'summary' or 'recap'"),
        ("models: {m: {path: x, url: http://a}}", r"models\.m: needs exactly one of url and path"),
        ("models: {m: {}}", r"models\.m: needs exactly one of url and path"),
        ("models: {m: {url: ftp://a}}", r"models\.m\.url: ftp://a is not an http or https URL"),
        ("models: {m: {url: [http://a, http://a]}}", r"models\.m\.url: names a node twice"),
        ("models: {m: {path: x, context: 12}}", r"models\.m\.context: .*512.*got 12"),
        ("models: {m: {path: x, batch: many}}", r"models\.m\.batch: .*integer.*'many'"),
        ("models: {M M: {path: x}}", r"models\.M M"),
        ("model: {}", r"model: Extra inputs"),
        ("models: [", "line 1: is not YAML"),
        ("- models", "the file: .*dictionary"),
    ],
)
def test_a_wrong_file_is_refused_with_place_value_and_remedy(tmp_path: Path, text: str, said: str):
    with pytest.raises(InvalidFile, match=rf"models\.yaml: .*{said}") as raised:
        models(tmp_path, text)

    assert raised.value.remedy


def test_a_key_written_into_the_file_is_refused_and_not_shown(tmp_path: Path):
    with pytest.raises(InvalidFile, match="hidden") as raised:
        models(tmp_path, "models: {m: {url: http://a, api_key: hunter2}}")

    assert "hunter2" not in str(raised.value)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(InvalidInput, match=r"CATCHUP_MODELS: cannot be read: No such file"):
        Models.from_settings(Settings(models=Path("/nowhere/models.yaml")))


def test_a_key_of_the_environment_is_not_defined_again(tmp_path: Path):
    with pytest.raises(InvalidFile, match=r"models\.llm: is the key of the model that environment"):
        models(tmp_path, "models: {llm: {path: x}}", llm_url="http://a:1")


def test_a_servers_key_comes_from_the_variable_that_the_file_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    text = "models: {m: {url: http://a, model: x, api_key_env: MAIN_KEY}}"
    monkeypatch.setenv("MAIN_KEY", "sk-1")
    assert keys(models(tmp_path, text), ACME, Feature.SUMMARY) == ["m"]
    monkeypatch.delenv("MAIN_KEY")

    with pytest.raises(
        InvalidInput, match=r"MAIN_KEY: a file names this environment variable, and it is not set"
    ):
        models(tmp_path, text)


async def test_nothing_is_contacted_before_the_first_use_and_a_failure_is_reported(tmp_path: Path):
    found = models(tmp_path, "models: {m: {url: http://127.0.0.1:9}, n: {path: /nowhere}}")
    assert found.report() == {"m": "unused", "n": "unused"}

    (first, _) = found.chain(ACME, Feature.SUMMARY)
    with pytest.raises(ModelUnavailable):
        await complete(first.chat, ASKED)

    report = found.report()
    assert report["m"].startswith("degraded: http://127.0.0.1:9/v1/models cannot be read")
    assert report["n"] == "unused"
    await found.close()
    await found.close()


async def test_the_context_is_the_one_that_was_set_without_asking_anybody(tmp_path: Path):
    found = models(tmp_path)

    assert await found.chain(OTHER, Feature.SUMMARY)[0].context_tokens() == 16384
    await found.close()


def test_reading_the_settings_imports_no_torch():
    script = (
        "import sys; from gateway.models import Models; from gateway.settings import Settings;"
        "Models.from_settings(Settings(llm_url='http://a:1', model='x'));"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
