"""The application: what is answered at which path."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tiedtts import __version__
from tiedtts.errors import TiedTTSError
from tiedtts.quoting import quoted
from tiedtts.serving import body, formats, metrics, page, production, refusal
from tiedtts.serving.answers import as_json, refused
from tiedtts.serving.body import ClientDisconnect
from tiedtts.serving.engine import Engine
from tiedtts.serving.guard import Access, Guard
from tiedtts.serving.intake import Intake
from tiedtts.serving.limits import Limits
from tiedtts.serving.metrics import Metrics
from tiedtts.serving.observer import Observer
from tiedtts.serving.production import Account
from tiedtts.serving.refusal import Refusal
from tiedtts.serving.speech_request import MODEL, MODELS, SpeechRequest
from tiedtts.serving.speech_response import SpeechResponse
from tiedtts.settings import Settings


def application(
    engine: Engine,
    *,
    access: Access | None = None,
    limits: Limits | None = None,
    settings: Settings | None = None,
    counts: Metrics | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """Return the application of an engine, for any ASGI server.

    Args:
        engine: Speaks.
        access: Who may ask; this machine without a key by default.
        limits: What is taken on.
        settings: How is spoken where a request does not say it.
        counts: Counts of the process, if others count there, too.
        is_stopping: Tells whether the server is about to end, so that nobody sends more to it.
    """
    access, limits = access or Access(), limits or Limits()
    counts = counts or Metrics(engine)
    routes = _Routes(engine, limits, settings or Settings(), counts, is_stopping)
    known = [
        Route("/", routes.page),
        Route("/healthz", routes.health),
        Route("/metrics", routes.metrics),
        Route("/v1/audio/speech", routes.speech, methods=["POST"]),
        Route("/v1/audio/voices", routes.voices),
        # Open WebUI asks for them here.
        Route("/v1/audio/models", routes.models),
        Route("/v1/models", routes.models),
        Route("/v1/models/{name}", routes.model),
    ]
    app = Starlette(
        routes=known,
        exception_handlers={
            Refusal: _refused,
            TiedTTSError: _refused,
            HTTPException: _not_found,
            ClientDisconnect: _gone,
            Exception: _failed,
        },
    )
    app.router.redirect_slashes = False
    guarded: ASGIApp = Guard(app, access)
    if access.origins:
        # Outside of the guard: browsers ask without a key whether they may ask.
        guarded = CORSMiddleware(
            guarded,
            allow_origins=access.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["X-Request-Id", "Retry-After"],
        )
    return Observer(guarded, counts, frozenset(route.path for route in known))


class _Routes:
    """Answers of one server."""

    def __init__(
        self,
        engine: Engine,
        limits: Limits,
        settings: Settings,
        counts: Metrics,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._engine, self._limits, self._settings, self._counts = engine, limits, settings, counts
        self._is_stopping = is_stopping
        self._intake = Intake(limits)

    async def speech(self, request: Request) -> SpeechResponse:
        """Speak a text."""
        seen = request.scope["tiedtts.seen"]
        asked = SpeechRequest.from_json(
            await body.read(request, self._limits, self._intake),
            self._engine.voices,
            self._limits,
            self._settings,
        )
        seen.voice, seen.format, seen.characters = asked.voice, asked.format.name, len(asked.text)
        account = Account()
        voice = self._engine.voices[asked.voice]
        needs = production.needs(asked, voice)
        work = self._engine.start(production.pieces(asked, voice, account), needs=needs)
        return SpeechResponse(asked, work, account, self._limits, seen)

    async def page(self, request: Request) -> Response:
        """Return the page."""
        return page.answer()

    async def health(self, request: Request) -> Response:
        """Tell whether the server is up."""
        stopping = self._is_stopping()
        about = {
            "status": "stopping" if stopping else "ok",
            "version": __version__,
            "voices": list(self._engine.voices),
            "texts_in_hand": self._engine.open,
        }
        return as_json(about, HTTPStatus.SERVICE_UNAVAILABLE if stopping else HTTPStatus.OK)

    async def metrics(self, request: Request) -> Response:
        """Return the counts."""
        return Response(self._counts.text(), headers={"Content-Type": metrics.MEDIA_TYPE})

    async def voices(self, request: Request) -> Response:
        """List the voices and the names that others know them by."""
        voices = self._engine.voices
        about = [
            {
                "id": name,
                "name": name,
                "sample_rate": voices[name].sample_rate,
                "aliases": sorted(alias for alias, own in voices.aliases.items() if own == name),
            }
            for name in voices
        ]
        return as_json(
            {"voices": about, "formats": list(formats.MEDIA_TYPES), "longest_text": self._limits.characters}
        )

    async def models(self, request: Request) -> Response:
        """List the names of the model."""
        models = [_model(name) for name in MODELS]
        return as_json({"object": "list", "data": models, "models": models})

    async def model(self, request: Request) -> Response:
        """Describe one of them."""
        name = request.path_params["name"]
        if name not in MODELS:
            raise Refusal(
                HTTPStatus.NOT_FOUND,
                f"there is no model `{quoted(name)}`; use one of {', '.join(MODELS)}",
                param="model",
                code="model_not_found",
            )
        return as_json(_model(name))


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": MODEL}


async def _refused(request: Request, error: Exception) -> Response:
    why = refusal.of_error(error)
    request.scope["tiedtts.seen"].code = why.code
    return refused(why)


async def _failed(request: Request, error: Exception) -> Response:
    request.scope["tiedtts.seen"].fault = error
    return await _refused(request, error)


async def _not_found(request: Request, error: Exception) -> Response:
    """Return the web framework's own refusals in the form of all others."""
    assert isinstance(error, HTTPException)
    path = quoted(request.url.path)
    told = {
        HTTPStatus.NOT_FOUND: f"there is nothing at `{path}`; speech is made at POST /v1/audio/speech",
        HTTPStatus.METHOD_NOT_ALLOWED: f"`{path}` does not take {quoted(request.method)}",
    }
    codes = {HTTPStatus.NOT_FOUND: "not_found", HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed"}
    status = HTTPStatus(error.status_code)
    why = Refusal(
        status, told.get(status, str(error.detail)), code=codes.get(status), headers=dict(error.headers or {})
    )
    return await _refused(request, why)


async def _gone(request: Request, error: Exception) -> Response:
    """Answer nobody: the client left while it sent its request."""
    request.scope["tiedtts.seen"].left = True
    return Response(status_code=HTTPStatus.BAD_REQUEST)
