"""The pure heart of the engine: ``(call, event) -> (call', commands)``.

Owns every decision about a live call and about who is rung. Must not do: input or output, read a clock,
draw a random number, know the ORM, or log. Time, ids and configuration arrive as arguments.
"""
