"""Builds a recipient's mail from its stored recipe, the pinned template version, and the keys."""

from collections import OrderedDict
from typing import Generic, TypeVar

from tayori.catalog.templates import Templates
from tayori.catalog.variables import VariableFault
from tayori.compose.build import Capabilities, CompositionError, Mail, build
from tayori.compose.content import Content, compile_template, own_content
from tayori.compose.links import linked, linker_for
from tayori.compose.model import Recipe, RecipeLinks
from tayori.mail.dkim import RsaSigner
from tayori.tenants.identities import Identities
from tayori.tenants.model import DkimKey

CONTENT_SPACE = 16 * 1024 * 1024
"""Characters of compiled content that are kept."""
MOST_SIGNERS = 1_000

_ContentKey = tuple[tuple[int, int] | str, RecipeLinks | None]

K = TypeVar("K")
V = TypeVar("V")


class CatalogComposer:
    """Composes with what the catalogue holds; `token_key` signs return paths, `link_key` links."""

    def __init__(
        self,
        *,
        templates: Templates,
        identities: Identities,
        token_key: bytes,
        link_key: bytes = b"",
    ) -> None:
        self._templates = templates
        self._identities = identities
        self._token_key = token_key
        self._link_key = link_key
        self._contents: _Recent[_ContentKey, Content] = _Recent(CONTENT_SPACE)
        self._signers: _Recent[tuple[str, bytes], RsaSigner] = _Recent(MOST_SIGNERS)

    async def compose(self, recipient_id: int, recipe: Recipe, receiver: Capabilities) -> Mail:
        """Return the finished mail; CompositionError when that is impossible."""
        keys = await self._identities.signing_keys(recipe.identity_id)
        if not keys:
            raise CompositionError(f"The domain {recipe.domain} has no key to sign with.")
        return build(
            recipe,
            await self._content(recipe),
            recipient_id=recipient_id,
            signers=[self._signer(recipe.domain, key) for key in keys],
            token_key=self._token_key,
            link_key=self._link_key,
            capabilities=receiver,
        )

    def _signer(self, domain: str, key: DkimKey) -> RsaSigner:
        known = self._signers.get((domain, key.private_pem))
        if known is None:
            known = RsaSigner(pem=key.private_pem, domain=domain, selector=key.selector)
            self._signers.keep((domain, key.private_pem), known, 1)
        return known

    async def _content(self, recipe: Recipe) -> Content:
        # Recipients of one message follow each other, so its content is worth keeping for a while.
        name = (recipe.template or recipe.public_id, recipe.links)
        known = self._contents.get(name)
        if known is None:
            known = await self._make(recipe)
            linker = linker_for(recipe, self._link_key)
            if linker is not None:
                known = linked(known, linker)
            self._contents.keep(name, known, _size(known))
        return known

    async def _make(self, recipe: Recipe) -> Content:
        if recipe.template is None:
            return own_content(recipe.html, recipe.text)
        stored = await self._templates.version(*recipe.template)
        if stored is None:
            raise CompositionError(f"Template {recipe.template} of {recipe.public_id} is gone.")
        compiled = compile_template(stored.html, stored.text)
        if isinstance(compiled, VariableFault):
            raise CompositionError(f"Template {recipe.template}: {compiled.sentence}")
        return compiled


def _size(content: Content) -> int:
    # As text and encoded, for receivers with 8BITMIME and for all others.
    return 3 * sum(map(len, (*content.html.constants, *content.text.constants)))


class _Recent(Generic[K, V]):
    """The values used last, as many as there is space for."""

    def __init__(self, space: int) -> None:
        self._space = space
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        entry = self._kept.get(key)
        if entry is None:
            return None
        self._kept.move_to_end(key)
        return entry[0]

    def keep(self, key: K, value: V, size: int) -> None:
        before = self._kept.pop(key, None)
        self._space += 0 if before is None else before[1]
        self._kept[key] = (value, size)
        self._space -= size
        while self._space < 0:
            self._space += self._kept.popitem(last=False)[1][1]
