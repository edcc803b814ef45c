"""The report of a guidance run: one HTML page that opens offline, in any browser.

`page.write_report(result, path)` writes the page of a `GuidanceResult`; `run_reports.write_run_reports(config)` writes
the pages of a saved run. assets/ holds the template, style and scripts, which are put into the page so that it needs no
network.
"""
