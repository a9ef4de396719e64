"""Bulk tasks with what they need: verbs for the doors and for commands, and who works on them."""

from tayori.accept.door import Door
from tayori.app.parts import Parts
from tayori.app.reputation import build_quotas
from tayori.bulk.aside_store import AsideStore
from tayori.bulk.choosing import Choosing, ChoosingNeeds
from tayori.bulk.failure_store import FailureStore
from tayori.bulk.first_store import FirstStore
from tayori.bulk.model import Outcomes
from tayori.bulk.runner import OutcomesOf, Runner, RunnerNeeds
from tayori.bulk.store import TaskStore
from tayori.bulk.tasks import Tasks
from tayori.db.database import Database
from tayori.queue.operator_store import OperatorStore
from tayori.reputation.engagement_store import EngagementStore
from tayori.reputation.pace import Pace
from tayori.reputation.provider_store import ProviderStore
from tayori.stats.model import ALL, KeysWanted, Kind
from tayori.stats.store import StatsStore


def build_tasks(parts: Parts, door: Door) -> Tasks:
    """Return the verbs of bulk tasks; who works on them is woken."""
    return Tasks(
        store=TaskStore(parts.database),
        receivers=parts.receivers,
        door=door,
        clock=parts.clock,
        failures=FailureStore(parts.database),
        queue=OperatorStore(parts.database),
        outcomes=outcomes_of(parts.database),
        rules=parts.settings.bulk,
        announce=parts.bulk_signal.announce,
    )


def build_runner(parts: Parts, door: Door) -> Runner:
    """Return who works on tasks that are due."""
    quotas = build_quotas(parts)
    return Runner(
        RunnerNeeds(
            store=TaskStore(parts.database),
            accounts=parts.accounts,
            receivers=parts.receivers,
            choosing=Choosing(
                ChoosingNeeds(
                    receivers=parts.receivers,
                    engagement=EngagementStore(parts.database),
                    first=FirstStore(parts.database),
                    aside=AsideStore(parts.database),
                    providers=ProviderStore(parts.database),
                    days=parts.settings.bulk.engaged_days,
                )
            ),
            door=door,
            pace=Pace(parts.database, parts.clock, quotas),
            outcomes=outcomes_of(parts.database),
            rules=parts.settings.bulk,
            clock=parts.clock,
            end_of_day=quotas.end_of_day,
        )
    )


def outcomes_of(database: Database) -> OutcomesOf:
    """Return who tells, by the statistics, what became of a task's mails."""
    stats = StatsStore(database)

    async def of_task(account_id: int, task_id: int) -> Outcomes:
        wanted = KeysWanted(account_id=account_id, kind=Kind.TASK, days=[ALL], key=str(task_id))
        found = (await stats.by_key(wanted)).get(str(task_id))
        if found is None:
            return Outcomes()
        return Outcomes(*(getattr(found, name) for name in Outcomes._fields))

    return of_task
