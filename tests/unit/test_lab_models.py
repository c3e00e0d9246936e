"""The models that the laboratory's AWS goes by are those that moto finds by itself."""

from __future__ import annotations

import pytest
from botocore.exceptions import UnknownServiceError
from moto.core import loaders

from lab.aws.front.models import service_model


@pytest.mark.parametrize("service", ["iam", "sts"])
def test_a_model_is_what_moto_finds_by_looking_through_all_services(service: str) -> None:
    whole = loaders.create_loader().load_service_model(service, "service-2")
    assert set(service_model(service).operation_names) == set(whole["operations"])
    assert set(service_model(service).shape_names) == set(whole["shapes"])
    assert service_model(service).metadata == whole["metadata"]


def test_a_service_that_aws_does_not_have_is_refused() -> None:
    with pytest.raises(UnknownServiceError, match="elsewhere"):
        service_model("elsewhere")
