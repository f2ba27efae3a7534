"""Makes the first administrator, for stacks that `runstack` does not start."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chatsite.administrator import AdministratorFault, administrator_ensure
from chatsite.settings import ENV


class Command(BaseCommand):
    help = "Make the administrator (ADMIN_USERNAME, ADMIN_PASSWORD) if there is none; print a generated password once."
    # It needs the database alone: in containers only the worker has the folder of the model that checks look for.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            administrator = administrator_ensure(ENV)
        except AdministratorFault as error:
            raise CommandError(str(error)) from None
        if administrator.password is not None:
            self.stdout.write(f"administrator {administrator.username}, password {administrator.password}")
            self.stdout.write("This password is not shown again; it can be changed on the site.")
        elif administrator.is_new:
            self.stdout.write(f"administrator {administrator.username} made, with the password from ADMIN_PASSWORD")
        else:
            self.stdout.write(f"administrator {administrator.username} is there already")
