"""What can be tried on a model server while it answers: a canary, a shadow, faults on purpose."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.serving.settings import checked, checked_seed
from monitorkit.serving.work.faults import checked_faults
from monitorkit.serving.work.lineup import checked_share

if TYPE_CHECKING:
    from monitorkit.durations import Duration
    from monitorkit.serving.models.model import Model
    from monitorkit.serving.settings import Settings
    from monitorkit.serving.work.faults import Faults
    from monitorkit.serving.work.lineup import LineUp, Role

__all__ = ["Trials"]


class Trials(ABC):
    """The part of a server's handle that puts other models, or faults, beside the model that is served."""

    def canary(
        self,
        model: object,
        *,
        version: str | None = None,
        share: float = 0.1,
        seed: int | None = None,
        **settings: Any,  # noqa: ANN401 - see Settings
    ) -> None:
        """Let another model answer a share of the requests, beside the one that is served; None ends it.

        Which requests it gets is drawn for each. Version labels make the two comparable in every metric; feedback goes
        to the version that predicted. :meth:`promote` makes it the served one.

        Parameters
        ----------
        model
            As for :func:`monitorkit.serve`; None to end the canary.
        version
            Label of its series; it needs one of its own. The version of a canary that runs changes its model or share.
        share
            Share of the requests that it gets, above 0, up to 1.
        seed
            For the same draws each time.
        **settings
            ``classes``, ``positive_class``, ``example``, ``task``, ``probabilities``, ``error_scale``, ``window``,
            ``reference`` and ``drift`` of :func:`monitorkit.serve`; the reference data are those of the model that is
            served unless new ones are given.

        Raises
        ------
        InvalidType, InvalidValue
            If the model or the share cannot be used; everything stays as it was.
        ServiceError
            If the server has been stopped.

        Examples
        --------
        >>> import monitorkit as mk
        >>> with mk.serve(lambda X: X[:, 0] > 0, name="sign") as server:
        ...     server.canary(lambda X: X[:, 0] >= 0, version="2", share=0.5, seed=0)
        ...     versions = {server.predict([[0.0]]).model_version for _ in range(20)}
        ...     server.promote()
        ...     server.version, sorted(versions)
        ('2', ['1', '2'])
        """
        if model is None:
            self._check_alive()
            self._end_canary()
            return
        share, seed = checked_share(share), checked_seed(seed)
        candidate = self._candidate("canary", model, version, settings)
        self._canary(*candidate, share, seed)

    def promote(self) -> None:
        """Serve the canary from the next request on, and the model before no longer; no request is lost.

        Raises
        ------
        InvalidValue
            If there is no canary.
        ServiceError
            If the server has been stopped.
        """
        self._check_alive()
        self._promote()

    def shadow(self, model: object, *, version: str | None = None, **settings: Any) -> None:  # noqa: ANN401 - see Settings
        """Let another model see a copy of each request after its answer has left; None ends it.

        Nobody gets its answers and nobody waits for them. What it predicts, and how well, is counted under its version
        in metrics of its own, as in ``shadow_model_accuracy``, so that sums, alerts and panels stay about what was
        answered; true labels are joined to its predictions, too. ``mk.queries.of_shadow`` reads them, and
        ``mk.queries.shadow_agreement`` compares. Copies that it cannot keep up with are dropped and counted in
        ``inference_shadow_requests_total``.

        Parameters
        ----------
        model
            As for :func:`monitorkit.serve`; None to end the shadow.
        version
            Label of its series; it needs one of its own.
        **settings
            As for :meth:`canary`.

        Raises
        ------
        InvalidType, InvalidValue
            If the model cannot be used; everything stays as it was.
        ServiceError
            If the server has been stopped.
        """
        if model is None:
            self._check_alive()
            self._end_shadow()
            return
        self._shadow(*self._candidate("shadow", model, version, settings))

    def inject(
        self,
        *,
        latency: Duration | None = None,
        errors: float | None = None,
        drift: float | None = None,
        duration: Duration | None = None,
        seed: int | None = None,
    ) -> None:
        """Inject faults for a demonstration, in place of those before; without arguments, end them.

        They are real: metrics, dashboards and alerts see them. ``model_injected_faults`` and the handle tell of them.

        Parameters
        ----------
        latency
            How much longer each call of the model takes, as in ``"200ms"``.
        errors
            Share of the requests that fail with 500, from 0 to 1.
        drift
            How far each feature is shifted before the model sees it, in units of its spread: its standard deviation in
            the reference data; without them its value in the example, or 1 where that is 0.
        duration
            How long it lasts; until it is ended, unless given.
        seed
            For the same requests that fail each time.

        Raises
        ------
        InvalidType, InvalidValue
            If a value cannot be used; what was injected before stays.
        ServiceError
            If the server has been stopped.

        Examples
        --------
        >>> import monitorkit as mk
        >>> with mk.serve(lambda X: X[:, 0], name="first") as server:
        ...     server.inject(drift=2.5)
        ...     shifted = server.predict([[1.0]]).predictions
        ...     server.inject()
        ...     shifted, server.predict([[1.0]]).predictions
        ([3.5], [1.0])
        """
        faults = checked_faults(latency=latency, errors=errors, drift=drift, duration=duration, seed=seed)
        self._check_alive()
        self._inject(faults)

    @property
    @abstractmethod
    def _lineup(self) -> LineUp[Any]:
        """The models at work."""

    @abstractmethod
    def _check_alive(self) -> None:
        """Refuse what only a server that runs can do."""

    @abstractmethod
    def _canary(self, model: Model, settings: Settings, share: float, seed: int | None) -> None: ...

    @abstractmethod
    def _end_canary(self) -> None: ...

    @abstractmethod
    def _promote(self) -> None: ...

    @abstractmethod
    def _shadow(self, model: Model, settings: Settings) -> None: ...

    @abstractmethod
    def _end_shadow(self) -> None: ...

    @abstractmethod
    def _inject(self, faults: Faults | None) -> None: ...

    def _candidate(
        self, role: Role, model: object, version: str | None, settings: dict[str, Any]
    ) -> tuple[Model, Settings]:
        """Check a model that is to work beside the one that is served."""
        if version is None:
            raise InvalidValue(f"version: a {role} needs one of its own, such as version='2'")
        if "limits" in settings:
            raise InvalidType("limits: they are the server's, not one model's; give them to mk.serve or swap")
        adapter, settings_checked = checked(model, version=version, **settings)
        self._check_alive()
        self._lineup.check_version(version, role)
        served = self._lineup.served
        mismatch = served.model.features.mismatch(adapter.features) if role == "shadow" else ""
        if mismatch:
            raise InvalidValue(f"model: the shadow {mismatch}; it sees copies of the same rows")
        return adapter, settings_checked.keeping(served.reference, adapter)
