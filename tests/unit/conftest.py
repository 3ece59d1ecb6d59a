"""How Hypothesis runs here: no deadline: the machine is shared, and phonenumbers loads its tables when first asked."""

from hypothesis import settings

settings.register_profile("centralita", deadline=None)
settings.load_profile("centralita")
