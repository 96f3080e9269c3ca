"""Pictures in a terminal, by whatever it can do.

::

    detection ── which way this terminal has: from its variables, and if it must be, by asking it
    inquiry   ── asks it, on a real terminal alone and not for long
    kitty, iterm, sixel, blocks ── one way each: a picture in, what to print out
    strips    ── hits side by side as one picture, so that each way has one to place
"""
