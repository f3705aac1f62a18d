"""The files that a Prometheus reads: written from its settings, checked before it sees them, compared when changed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from monitorkit.documents import YamlError, read_yaml, write_file, yaml_text
from monitorkit.errors import ServiceError
from monitorkit.services.programs import promtool
from monitorkit.services.programs.binaries import beside
from monitorkit.services.setup.configuration import prometheus_document
from monitorkit.services.setup.rule_files import matching, rule_document, rule_error
from monitorkit.services.setup.targets import Target

if TYPE_CHECKING:
    from monitorkit.services.setup.settings import Settings
    from monitorkit.services.setup.storage import Storage

__all__ = ["ConfigFiles"]


class ConfigFiles:
    """Configuration and rule file of one Prometheus.

    Parameters
    ----------
    storage
        Where they are written.
    binary
        The Prometheus that reads them; its promtool checks them.
    """

    def __init__(self, storage: Storage, binary: Path) -> None:
        self._storage = storage
        self._binary = binary

    def path(self, settings: Settings) -> Path:
        """The configuration that is read: the user's own, or ours."""
        return settings.config or self._storage.config

    def write(self, settings: Settings, *, url: str) -> None:
        """Write what the settings say for a Prometheus at this URL; a file of the user's own is left alone."""
        if settings.config:
            return
        files = list(settings.rule_files)
        if settings.rules:
            write_file(self._storage.rules, yaml_text(rule_document(settings.rules)))
            files.append(self._storage.rules.name)
        document = prometheus_document(
            settings.jobs,
            itself=Target(url.removeprefix("http://")),
            scrape_interval=settings.scrape_interval,
            evaluation_interval=settings.evaluation_interval,
            rule_files=files,
        )
        write_file(self._storage.config, yaml_text(document))

    def check(self, settings: Settings, *, name: str) -> None:
        """Have promtool look at the files before Prometheus does, where there is a promtool.

        Raises
        ------
        ServiceError
            If the configuration is wrong, with file and line.
        RuleError
            If a rule is wrong; with the file where it is one of the user's own.
        """
        program = beside(self._binary, "promtool")
        file = self.path(settings)
        if program is None or not (complaints := promtool.check("config", file, promtool=program)):
            return
        wrong = [one for one in complaints if one.file == complaints[0].file]
        if wrong[0].file == str(file):
            raise ServiceError("\n".join(str(one) for one in wrong), service=name)
        ours = settings.config is None and Path(wrong[0].file) == self._storage.rules
        raise rule_error(wrong, shown="" if ours else wrong[0].file)

    def fingerprint(self, settings: Settings) -> str:
        """Hash of the configuration and of every rule file that the settings name."""
        digest = hashlib.sha256(self.path(settings).read_bytes())
        for pattern in (str(self._storage.rules), *settings.rule_files):
            for file in matching(pattern):
                digest.update(file.read_bytes())
        return digest.hexdigest()

    def expected(self, settings: Settings) -> dict[tuple[str, str], None]:
        """Job and address of each target that the configuration names outright, in its order."""
        try:
            document = read_yaml(self.path(settings).read_text(encoding="utf-8")) or {}
        except (YamlError, UnicodeDecodeError):
            # What Prometheus has taken all the same is awaited once it shows.
            return {}
        return {
            (job["job_name"], address): None
            for job in document.get("scrape_configs") or ()
            for group in job.get("static_configs") or ()
            for address in group.get("targets") or ()
        }
