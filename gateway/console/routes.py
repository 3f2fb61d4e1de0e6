"""Every page of the console, for the application to include."""

from __future__ import annotations

from fastapi import APIRouter

from gateway.console import channels, home, prompts, recaps, recommendations, signing

router = APIRouter(include_in_schema=False)
for part in (signing, home, channels, recaps, recommendations, prompts):
    router.include_router(part.router)
