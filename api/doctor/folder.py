"""What the doctor sees without asking anybody: settings, key files, disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from api.doctor.finding import Finding, warning, well, wrong
from ledger.city import CityKeys
from ledger.errors import SunbidError
from ledger.failpoints import VARIABLE
from ledger.settings import CitySettings, ClockKind

LITTLE_ROOM = 2 * 1024**3
NO_ROOM = 200 * 1024**2
"""Octets that a city needs free: an opening's streams and the database's log have to fit."""

FreeSpace = Callable[[Path], int]
"""Returns the free octets of the file system that a path is on."""


def examine_settings(settings: CitySettings) -> list[Finding]:
    """Look at what the city was told."""
    name = settings.city
    found = [well("settings", f"city.json of {name} is complete", f"{name} 的 city.json 完整")]
    if settings.clock is ClockKind.CHAIN:
        found.append(
            warning(
                "settings.clock",
                "the clock follows a development chain; in production set clock to system",
                "时钟跟随开发链；生产环境请将 clock 设为 system",
            )
        )
    if os.environ.get(VARIABLE):
        found.append(
            wrong(
                "settings.failpoint",
                f"{VARIABLE} is set: processes started so kill themselves; unset it",
                f"已设置 {VARIABLE}：由此启动的进程会自行终止，请取消设置",
            )
        )
    return found


def examine_keys(folder: Path) -> list[Finding]:
    """Look at the key files: all there, of the right kind, and closed to other users."""
    try:
        CityKeys.load(folder)
    except SunbidError as error:
        return [wrong("keys", error.message, f"密钥文件有问题（{error.message}）")]
    return [well("keys", "all six keys are there and closed to other users", "六个密钥文件齐全，其他用户不可读取")]


def examine_disk(folder: Path, free_space: FreeSpace) -> list[Finding]:
    """Look at how much room there is."""
    mebibytes = free_space(folder) // 1024**2
    en, zh = f"{mebibytes:,} MiB are free at {folder}", f"{folder} 剩余 {mebibytes:,} MiB"
    if free_space(folder) < NO_ROOM:
        return [
            wrong(
                "disk",
                f"{en}: the city refuses bids when it is full; make room now",
                f"{zh}：写满后将拒收投标，请立即清理",
            )
        ]
    if free_space(folder) < LITTLE_ROOM:
        return [warning("disk", f"{en}: make room before the next opening", f"{zh}：请在下次开标前清理")]
    return [well("disk", en, zh)]
