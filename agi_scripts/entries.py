"""Every entry by its name, which is its module's and the dialplan's.

Owns: the list. Must not: hold an entry's code.
"""

from typing import Final

from agi_scripts import after_call_survey, agent_login, agent_pause, blocklist, caller_lookup, fallback
from agi_scripts.server import Entry

_MODULES: Final = (agent_login, agent_pause, caller_lookup, after_call_survey, fallback, blocklist)
ENTRIES: Final = {module.__name__.rpartition(".")[2]: Entry(module.run, module.SECONDS) for module in _MODULES}
