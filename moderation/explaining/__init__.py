"""Why a text got its score: which of its words moved it. Told in docs/moderation.md, "Why a text was flagged".

All of it is plain Python; `moderation.explanations` keeps what is found. Only `gradients` loads torch, and only workers
load it.
"""
