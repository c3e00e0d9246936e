"""The environment that puts any client into the laboratory's network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from lab import processes
from lab.accounts import region
from lab.home import read_json
from lab.laboratory import BINARIES, NAMES, REPOSITORY
from lab.processes import LaboratoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.home import Home

UNSET: Final = (
    "ALL_PROXY",
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ROLE_ARN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "HTTP_PROXY",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "SSL_CERT_DIR",
    "VAULT_AGENT_ADDR",
    "VAULT_CAPATH",
    "VAULT_CLIENT_CERT",
    "VAULT_CLIENT_KEY",
    "VAULT_NAMESPACE",
    "VAULT_PROXY_ADDR",
    "VAULT_SKIP_VERIFY",
    "VAULT_TLS_SERVER_NAME",
    "all_proxy",
    "http_proxy",
)
"""What would lead a client elsewhere, to another identity or past the laboratory's certificates."""


def exports(home: Home, path: str | None = None, *, without_vault: bool = False) -> dict[str, str]:
    """Return the variables to set, ``PATH`` among them.

    Args:
        home: the laboratory to use; it must be running.
        path: the ``PATH`` to put the project's programs in front of; this process's by default.
        without_vault: Vault may be away or gone for good, and there is no token.

    Raises:
        LaboratoryError: the laboratory is not running.
    """
    needed = [name for name in NAMES if name != "vault" or not without_vault]
    if not all(processes.running(home, name) for name in needed):
        raise LaboratoryError("the laboratory is not running; type `make lab`")
    proxy = f"http://127.0.0.1:{read_json(home.ports)['proxy']}"
    past_the_proxy = "127.0.0.1,localhost"  # engine, plugins and program talk over loopback
    bundle = str(home.trust_bundle)
    account = read_json(home.accounts)[0]
    return {
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NO_PROXY": past_the_proxy,
        "no_proxy": past_the_proxy,
        "SSL_CERT_FILE": bundle,
        "AWS_CA_BUNDLE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "VAULT_CACERT": bundle,
        "VAULT_ADDR": "https://vault.lab.test",
        **({} if without_vault else {"VAULT_TOKEN": read_json(home.vault_init)["root_token"]}),
        "AWS_CONFIG_FILE": str(home.aws_config),
        "AWS_SHARED_CREDENTIALS_FILE": str(home.aws_credentials),
        "AWS_PROFILE": account["name"],
        "AWS_REGION": region(account["partition"]),
        "PULUMI_HOME": str(home.pulumi_home),
        "PULUMI_BACKEND_URL": home.pulumi_state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(home.passphrase),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PATH": _in_front(os.environ.get("PATH", os.defpath) if path is None else path),
    }


def entered(
    home: Home, environment: Mapping[str, str] | None = None, *, without_vault: bool = False
) -> dict[str, str]:
    """Return a whole environment, this process's by default, as it is inside the laboratory.

    Raises:
        LaboratoryError: the laboratory is not running.
    """
    outside = dict(os.environ if environment is None else environment)
    kept = {name: value for name, value in outside.items() if name not in UNSET}
    return {**kept, **exports(home, outside.get("PATH"), without_vault=without_vault)}


def _in_front(path: str) -> str:
    ours = [str(REPOSITORY / ".venv" / "bin"), str(BINARIES), str(REPOSITORY / "bin")]
    return os.pathsep.join(dict.fromkeys([*ours, *path.split(os.pathsep)]))
