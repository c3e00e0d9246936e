"""AWS's own models of its services, as botocore ships them and moto completes them.

moto looks through the models of all services whenever it loads one, and through all methods of a
service whenever it answers a call. Both take longer than what they are for.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from moto.core import loaders, responses, utils

if TYPE_CHECKING:
    from botocore.model import ServiceModel


class _Loader(loaders.Loader):
    """Takes each folder for a service, without looking what is in it."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's own
        places = [place for place in map(Path, self.search_paths) if place.is_dir()]
        return [folder.name for place in places for folder in place.iterdir()]


@cache
def _loader() -> loaders.Loader:
    return _Loader(extra_search_paths=[loaders.moto_root])


def _same(package: str) -> str:
    """Return the service of a package of moto: of those that are served here, none has a hyphen."""
    return package


vars(utils).update(create_loader=_loader, service_name_from_moto_package_name=_same)
vars(responses).update(method_names_from_class=cache(utils.method_names_from_class))


def service_model(service: str) -> ServiceModel:
    """Return the model of a service, which is read once.

    Raises:
        botocore.exceptions.UnknownServiceError: AWS has no service of this name.
    """
    return utils.get_service_model(service)


for _service in ("iam", "sts"):
    service_model(_service)  # every laboratory asks these two
