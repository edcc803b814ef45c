"""A guidance run as one page, report.html, that opens offline: what was asked, met, simulated, and how it looks.

`build.write_report` is the whole interface. `run_files` reads what a run left behind, `reference` the person's own
squats, `figure` turns motions into points, `encoding` packs numbers, `words` says in plain language what they are and
`charts` draws the static pictures. assets/ holds the page's template, style and scripts as files of their own; they are
put into the page when it is built, so that it asks nothing of a network.
"""
