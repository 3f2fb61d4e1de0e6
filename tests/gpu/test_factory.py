from __future__ import annotations

import subprocess
import sys

import pytest

from core.errors import InvalidInput
from gpu.factory import chat_model_from, local_model, server_model
from gpu.local import LocalChatModel
from gpu.openai_client import OpenAIChatModel


def test_a_url_is_a_servers_model():
    model = chat_model_from(url="http://127.0.0.1:8000/v1", model="qwen")

    assert isinstance(model, OpenAIChatModel)
    assert model.name == "qwen"


@pytest.mark.parametrize(("model", "name"), [(None, "Qwen/Qwen3-0.6B"), ("small", "small")])
def test_a_hub_id_is_a_model_to_run_here(model: str | None, name: str):
    made = chat_model_from(path_or_hub_id="Qwen/Qwen3-0.6B", model=model)

    assert isinstance(made, LocalChatModel)
    assert made.name == name


@pytest.mark.parametrize("settings", [{}, {"url": "http://a", "path_or_hub_id": "b"}])
def test_neither_or_both_are_refused(settings: dict[str, str]):
    with pytest.raises(InvalidInput, match="exactly one of url and path_or_hub_id"):
        chat_model_from(**settings)


def test_a_server_without_the_models_name_is_refused_with_where_to_find_it():
    with pytest.raises(InvalidInput, match=r"See http://a:8000/v1/models"):
        chat_model_from(url="http://a:8000")


def test_making_a_model_imports_no_torch():
    script = "import sys, gpu.factory, gpu.check; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_what_a_setting_names_is_made_and_contacts_nothing():
    server = server_model(["http://a:1/v1", "http://b:2"], name="qwen", context=4096)
    here = local_model("Qwen/Qwen3-0.6B", max_batch=2)

    assert (server.name, here.name) == ("qwen", "Qwen/Qwen3-0.6B")


@pytest.mark.parametrize("urls", [[], ["a:1"], ["http://"]])
def test_a_server_without_a_url_is_refused(urls: list[str]):
    with pytest.raises(InvalidInput, match="url"):
        server_model(urls)
