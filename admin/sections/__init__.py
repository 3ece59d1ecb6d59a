"""The thirteen sections, one module each.

Owns: their order. Must not: hold anything of a section.
"""

from admin.base_view import SectionView
from admin.sections.calls import Calls
from admin.sections.companies import Companies
from admin.sections.contacts import Contacts

SECTIONS: tuple[type[SectionView], ...] = (Contacts, Calls, Companies)
