"""Copies of the data folder: for who looks after the system."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from energyguard.api.middleware import CurrentService, User
from energyguard.service.views import BackupView

router = APIRouter(tags=["backups"])
Name = Annotated[str, Path(max_length=100, description="The copy's name.")]


@router.get("/backups")
def backups(service: CurrentService) -> list[BackupView]:
    """The copies that there are, the newest first."""
    return service.backups.all()


@router.post("/backups", status_code=201)
def make_backup(service: CurrentService, user: User) -> BackupView:
    """Copy the data folder, while everything runs; answers when the copy is whole."""
    return service.backups.make(user)


@router.post("/backups/{name}/restore", status_code=202)
def restore_backup(service: CurrentService, user: User, name: Name) -> BackupView:
    """Have a copy put back: everything stops, and starts again with what was then.

    What is there now is kept under another name.
    """
    return service.backups.restore(name, user)
