"""How good classifiers and a policy are on labelled texts: ``manage.py evaluate_moderation``. Never used in serving.

`samples` reads the files, `candidates` judges, `measures` and `comparing` count, `plots` and `report` show.
"""
