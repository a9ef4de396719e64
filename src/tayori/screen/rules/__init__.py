"""The rules of review, one file each, in the order in which their findings are told.

A rule looks at the content and yields every finding, not only the first; it never raises for
policy and changes nothing.
"""

from collections.abc import Callable, Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding
from tayori.screen.rules.active import check_active
from tayori.screen.rules.business import check_business
from tayori.screen.rules.data import check_data
from tayori.screen.rules.disguise import check_disguise
from tayori.screen.rules.forms import check_forms
from tayori.screen.rules.hidden import check_hidden
from tayori.screen.rules.images import check_images
from tayori.screen.rules.length import check_length
from tayori.screen.rules.links import check_links
from tayori.screen.rules.scripts import check_scripts
from tayori.screen.rules.styles import check_styles
from tayori.screen.rules.tags import check_tags
from tayori.screen.rules.topics import check_topics
from tayori.screen.rules.variables import check_variables
from tayori.screen.rules.web_links import check_web_links

Rule = Callable[[Looked], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    check_variables,
    check_length,
    check_images,
    check_topics,
    check_links,
    check_disguise,
    check_web_links,
    check_hidden,
    check_scripts,
    check_forms,
    check_active,
    check_styles,
    check_data,
    check_tags,
    check_business,
)
