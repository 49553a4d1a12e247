"""A live picture of a tender in the terminal: its stages with a bar, what just happened, and who bids."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

LAST_LINES = 8


class Step(StrEnum):
    """The stages that the picture shows, in order."""

    ANNOUNCE = "Notice 公告"
    SUBMIT = "Sealed bids 投标"
    BOX = "Attested in time 见证"
    CLOSE = "Box opened, list 清单"
    OPEN = "Opening 开标"
    EVALUATE = "Evaluation 评标"
    AWARD = "Award 定标"
    VERIFY = "Verification 核验"


@dataclass
class Picture:
    """What is drawn; use as a context manager. Where output is no terminal, lines are printed instead."""

    console: Console
    title: str
    started: float = field(default_factory=time.monotonic)
    _current: Step | None = None
    _seconds: dict[Step, float] = field(default_factory=dict)
    _lines: list[str] = field(default_factory=list)
    _live: Live | None = None

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = Live(self._draw(), console=self.console, refresh_per_second=8, transient=False)
            self._live.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._finish()
        if self._live is not None:
            self._live.update(self._draw())
            self._live.__exit__(None, None, None)
            self._live = None

    def step(self, step: Step) -> None:
        """Go on to a stage."""
        self._finish()
        self._current, self._since = step, time.monotonic()
        self._show(f"[bold]{step}[/]", plain=f"— {step}")

    def say(self, text: str) -> None:
        """Show what happened."""
        self._lines.append(text)
        self._show(text, plain=f"   {text}")

    def _finish(self) -> None:
        if self._current is not None:
            self._seconds[self._current] = time.monotonic() - self._since
            self._current = None

    def _show(self, text: str, *, plain: str) -> None:
        del text
        if self._live is not None:
            self._live.update(self._draw())
        else:
            self.console.print(plain, markup=False, highlight=False)

    def _draw(self) -> Panel:
        table = Table.grid(padding=(0, 2))
        for step in Step:
            if step in self._seconds:
                table.add_row(Text("✓", style="green"), str(step), Text(f"{self._seconds[step]:.1f} s", style="dim"))
            elif step is self._current:
                table.add_row(Text("●", style="yellow"), Text(str(step), style="bold"), "")
            else:
                table.add_row(Text("·", style="dim"), Text(str(step), style="dim"), "")
        lines = Text("\n".join(self._lines[-LAST_LINES:]), style="dim")
        return Panel(Group(table, Text(), lines), title=self.title, border_style="yellow")
