"""The ids of channels, bridges and playbacks, as the core derives them; here for the ARI side's convenience."""

from __future__ import annotations

from ari_app.core.ids import PREFIX, announcement, bridge, call_of, far_half, leg, leg_of_far_half, ordinal_of

__all__ = ["PREFIX", "announcement", "bridge", "call_of", "far_half", "leg", "leg_of_far_half", "ordinal_of"]
