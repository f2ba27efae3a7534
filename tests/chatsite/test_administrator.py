"""The first administrator and the password that is told once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate

from chatsite.administrator import AdministratorFault, administrator_ensure
from chatsite.env import Environment

pytestmark = pytest.mark.django_db


def environment(folder: Path, **fields: Any) -> Environment:
    return Environment(data_dir=folder, **fields)


def test_a_generated_password_is_told_once_and_works(tmp_path: Path) -> None:
    first = administrator_ensure(environment(tmp_path))
    assert first.is_new
    assert first.password
    user = authenticate(username="admin", password=first.password)
    assert user is not None
    assert user.is_superuser
    again = administrator_ensure(environment(tmp_path))
    assert (again.is_new, again.password) == (False, None)


def test_admin_password_is_applied_and_a_later_change_on_the_site_is_kept(tmp_path: Path) -> None:
    given = environment(tmp_path, admin_password="first-Word-in-here")
    assert administrator_ensure(given).password is None
    user = authenticate(username="admin", password="first-Word-in-here")
    assert user is not None
    user.set_password("changed-On-the-site")
    user.save()
    administrator_ensure(given)
    assert authenticate(username="admin", password="changed-On-the-site")
    administrator_ensure(environment(tmp_path, admin_password="second-Word-in-here"))
    assert authenticate(username="admin", password="second-Word-in-here")


def test_admin_password_counts_also_when_it_comes_after_a_generated_one(tmp_path: Path) -> None:
    administrator_ensure(environment(tmp_path))
    administrator_ensure(environment(tmp_path, admin_password="later-Word-in-here"))
    assert authenticate(username="admin", password="later-Word-in-here")


def test_the_password_is_kept_nowhere_in_the_clear(tmp_path: Path) -> None:
    administrator_ensure(environment(tmp_path, admin_password="first-Word-in-here"))
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or "first-Word-in-here" not in path.read_text()


def test_production_refuses_a_weak_password(tmp_path: Path) -> None:
    weak = environment(tmp_path, admin_password="password", environment="production", secret_key="k" * 40)
    with pytest.raises(AdministratorFault, match="too weak"):
        administrator_ensure(weak)
