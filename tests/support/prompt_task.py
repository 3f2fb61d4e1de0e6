"""A prompt version as a task: rendered, put to a model, its answer read back into items."""

from __future__ import annotations

import json
from dataclasses import dataclass

from core.chat import ChatModel, ChatRequest, complete
from core.ids import VersionId
from prompt_eval.models import Case, Outcome, OutcomeItem
from prompts.models import Prompt
from prompts.template import render


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTask:
    """What a version of channel-summary makes of a case with some model."""

    prompt: Prompt
    chat: ChatModel
    name: str = "channel-summary"

    @property
    def version(self) -> VersionId:
        """The version of the prompt."""
        return self.prompt.version

    @property
    def model(self) -> str:
        """The name of the model."""
        return self.chat.name

    async def run(self, case: Case) -> Outcome:
        """Return the model's items, their short ids turned into the messages' own."""
        short = {f"m{index}": message for index, message in enumerate(case.messages, start=1)}
        lines = [
            {"id": id, "at": f"{m.at:%Y-%m-%dT%H:%MZ}", "from": f"@{m.author}", "text": m.text}
            for id, m in short.items()
        ]
        values: dict[str, object] = {
            "channel": "#case",
            "canary": "canary",
            "marker": "k7",
            "people": {},
            "detail": "standard",
            "max_items": 8,
            "messages": lines,
        }
        answer = await complete(self.chat, render(self.prompt, values))
        items = json.loads(answer.text)["items"]
        return Outcome(
            items=tuple(
                OutcomeItem(text=item["text"], citations=tuple(short[id].id for id in item["citations"]))
                for item in items
            )
        )


def obedient(request: ChatRequest) -> str:
    """Answer as the prompt asks: report the second message if it says to report decisions, else the first."""
    asked = request.messages[0].content
    lines = request.messages[1].content.split("<messages>\n")[1].split("\n</messages>")[0].splitlines()
    chosen = json.loads(lines[1] if "Report decisions first." in asked else lines[0])
    item = {
        "kind": "decision",
        "text": f"{chosen['from'].removeprefix('@')}: {chosen['text']}",
        "citations": [chosen["id"]],
        "participants": [chosen["from"]],
        "owner": None,
        "due": None,
        "superseded": [],
    }
    return json.dumps({"items": [item]})
