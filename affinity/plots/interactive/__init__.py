"""Pictures to explore (Altair, with the extra `plots`): hover shows the counts and intervals, the wheel zooms.

`table.plot(interactive=True)` gives an altair.Chart of the same numbers as the static picture. It shows itself in a notebook;
``chart.save("x.html", inline=True)`` writes one file that needs no network.
"""
