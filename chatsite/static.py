"""How static files are stored: compressed, and under names that change with their content."""

from __future__ import annotations

from django.contrib.staticfiles.storage import HashedFilesMixin
from servestatic.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

_IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns[1]  # type: ignore[attr-defined]


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Also rewrites the imports between the site's own ES modules, whose plain names a browser may hold stale.

    Only the site's own: other packages' scripts have examples of imports in their comments, which name no file.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = ("conversations/*.js", _IMPORTS)
