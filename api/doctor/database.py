"""What the doctor reads in the database: its schema, what waits, what fails, what partners and nodes have said."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.doctor.finding import Finding, warning, well, wrong
from ledger.chain.sender import MAX_UNMINED, ChainSender, ChainTx, TxStatus
from ledger.city import City
from ledger.db import Database
from ledger.failures import TaskFailure, failing
from ledger.migrations import MigrationError, require_current
from ledger.outbox import OutboxRow
from witness.log.box_repository import BoxRepository
from witness.log.service import LogReader

MUCH_WAITING = 1000
"""Messages or transactions that a worker takes in one go: more waiting means that none works, or too slowly."""


async def examine_schema(database: Database) -> Finding:
    """Look whether the database answers and has the newest schema; raises what the database raises if it is away."""
    if _is_missing(database):
        return wrong(
            "database.missing", "there is no database yet: start the city once", "尚无数据库：请先启动一次本市节点"
        )
    try:
        await require_current(database)
    except MigrationError:
        return wrong(
            "database.schema",
            "the database has another schema: run `python -m ledger.migrations` with this city's URL",
            "数据库结构版本不符：请对本市数据库运行 `python -m ledger.migrations`",
        )
    return well("database", "the database answers and has the newest schema", "数据库可用，结构为最新版本")


def _is_missing(database: Database) -> bool:
    """Say whether there is no file: looking into a database must not make one."""
    return database.is_sqlite and not Path(make_url(database.url).database or "").exists()


async def examine_work(session: AsyncSession, city: City) -> list[Finding]:
    """Look at what waits, what fails, and what was noted about partners and the own clock."""
    return [
        await _outbox(session),
        *await _transactions(session),
        *(_failure(task) for task in await failing(session)),
        *await _clock(session, city),
        *await _faults(session),
    ]


async def _outbox(session: AsyncSession) -> Finding:
    waiting = await session.scalar(select(func.count()).select_from(OutboxRow).where(~OutboxRow.done)) or 0
    en, zh = f"{waiting} messages wait for their task", f"{waiting} 条消息等待处理"
    if waiting > MUCH_WAITING:
        return wrong("outbox", f"{en}: is a worker running? Start `sunbid worker`", f"{zh}：工作进程是否在运行？")
    return well("outbox", en, zh)


async def _transactions(session: AsyncSession) -> list[Finding]:
    unmined = await ChainSender.unmined(session)
    en, zh = f"{unmined} transactions have no receipt yet", f"{unmined} 笔交易尚无回执"
    crowded = unmined >= MAX_UNMINED
    found = [
        warning("transactions", f"{en}: does the chain take them?", f"{zh}：链是否仍在打包？")
        if crowded
        else well("transactions", en, zh)
    ]
    query = select(ChainTx.function, ChainTx.refusal).where(
        ChainTx.status == TxStatus.SENT, ChainTx.refusal.is_not(None)
    )
    for function, refusal in (await session.execute(query.limit(5))).all():
        found.append(
            warning(
                "transactions.refused",
                f"a node refuses {function}: {refusal}",
                f"节点拒收交易 {function}：{refusal}",
            )
        )
    return found


def _failure(task: TaskFailure) -> Finding:
    return wrong(
        "task",
        f"task {task.name} has failed {task.times} times since {task.since:%Y-%m-%d %H:%M:%S} UTC: {task.message}",
        f"任务 {task.name} 自 {task.since:%Y-%m-%d %H:%M:%S} UTC 起已失败 {task.times} 次：{task.message}",
    )


async def _clock(session: AsyncSession, city: City) -> list[Finding]:
    off_by = await BoxRepository(session).clock_off_by(city.id32)
    if not off_by:
        return []
    return [
        wrong(
            "clock",
            f"this clock is off by {off_by} s against most partners, and the witness signs nothing: set it by NTP",
            f"本市时钟与多数伙伴相差 {off_by} 秒，见证服务已停止签名：请用 NTP 校准",
        )
    ]


async def _faults(session: AsyncSession) -> list[Finding]:
    rows = await LogReader(session).partner_faults()
    return [
        warning(
            "partner.fault",
            f"a partner gave a wrong answer, kept as evidence: {row.message} ({row.code})",
            f"伙伴城市曾给出错误应答，已留存证据：{row.message}（{row.code}）",
        )
        for row in rows[:5]
    ]
