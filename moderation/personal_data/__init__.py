"""Personal data in texts: found, masked, unmasked. Plain Python, works offline, knows no database.

`finder` finds, `masks` puts masks in its place and takes them out again, `streaming` does so for a text that grows,
`handling` says what a site may want at each place. Told in docs/moderation.md, "Personal data".
"""
