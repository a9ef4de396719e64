"""What the senders of mails ask about TLS, from their recipes."""

from collections.abc import Sequence

from tayori.compose.model import Recipe, decode_recipe
from tayori.delivery.security.model import MailDemand
from tayori.delivery.work import Work
from tayori.queue.store import QueueStore

Wish = tuple[int, MailDemand]


class RecipeWishes:
    """Reads recipes; large ones, which wait in the database, one at a time."""

    def __init__(self, queue: QueueStore) -> None:
        self._queue = queue

    async def of(self, works: Sequence[Work]) -> dict[int, Wish]:
        """Return identity and wish of each message, by its number."""
        found = {work.recipient.message_id: _wish(work.recipe) for work in works if work.recipe}
        large = {work.recipient.message_id for work in works} - found.keys()
        for number in sorted(large):
            stored = (await self._queue.recipes([number])).get(number)
            if stored is not None:
                found[number] = _wish(decode_recipe(stored))
        return found


def _wish(recipe: Recipe) -> Wish:
    return recipe.identity_id, MailDemand(recipe.tls) if recipe.tls else MailDemand.NONE
