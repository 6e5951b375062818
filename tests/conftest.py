"""For all tests: what a busy machine must not decide, and what costs time and shows nothing."""

from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from hypothesis import HealthCheck, settings

# What hypothesis tries is the same every time, and judged by what comes of it, not by how long a busy machine took.
settings.register_profile("liantiao", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("liantiao")

END = "-----END CERTIFICATE-----\n"


@pytest.fixture(scope="session", autouse=True)
def one_public_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let every client that asks for the public authorities load one; all of them take httpx 15 ms a request."""
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text(Path(certifi.where()).read_text("utf-8").partition(END)[0] + END, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        patch.setattr(certifi, "where", lambda: str(file))
        yield
