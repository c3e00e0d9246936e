"""Settings of a stack with engines in two accounts, the second reached by a deploy role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.accounts import EXTERNAL_ID, plan
from tests.committed import USER

if TYPE_CHECKING:
    from tests.lab.stacks import Settings

BY_ENVIRONMENT = {"id": plan("main").id, "region": "us-east-1"}
BY_PROFILE = {"id": plan("data").id, "region": "eu-central-1", "profile": "data"}
BY_DEPLOY_ROLE = {
    "id": plan("data").id,
    "region": "eu-central-1",
    "deployRoleArn": plan("data").deploy_role_arn,
    "externalId": EXTERNAL_ID,
}


ENGINES = {"aws": "main", "beside": "main", "data": "data"}
"""The account of each engine."""


def several(data: Settings | None = None) -> Settings:
    """Return settings with two engines in one account and one in another."""
    accounts = {"main": BY_ENVIRONMENT, "data": data or BY_DEPLOY_ROLE}
    return {
        "vault": {"address": "https://vault.lab.test"},
        "accounts": accounts,
        "secretsEngines": {
            key: {"account": account, "audience": f"vault-{key}", "roles": {"my-role": USER}}
            for key, account in ENGINES.items()
        },
    }
