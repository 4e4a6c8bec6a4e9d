"""What the API server says when it refuses, in the real server's words, as a Status object."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bootheal.demo.objects.kinds import Kind, Object


class ApiError(Exception):
    """An answer other than success: HTTP code, machine-readable reason, sentence, and the object it is about."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}

    def status(self) -> Object:
        """The `Status` object that goes over the wire."""
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }
        return {key: value for key, value in status.items() if key != "details" or value}


def _details(kind: Kind, name: str) -> Object:
    return {"name": name, "kind": kind.plural} | ({"group": kind.group} if kind.group else {})


def not_found(kind: Kind, name: str) -> ApiError:
    """There is no such object."""
    return ApiError(404, "NotFound", f'{kind.resource} "{name}" not found', _details(kind, name))


def already_exists(kind: Kind, name: str) -> ApiError:
    """The name is taken."""
    return ApiError(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', _details(kind, name))


def conflict(kind: Kind, name: str, why: str = "") -> ApiError:
    """The object is not the one that the caller saw."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(kind, name))


def expired(asked: int, oldest: int) -> ApiError:
    """The history that the caller asks for is gone."""
    return ApiError(410, "Expired", f"too old resource version: {asked} ({oldest})")


def bad_request(message: str) -> ApiError:
    """The request makes no sense."""
    return ApiError(400, "BadRequest", message)


def invalid(kind: Kind, name: str, why: str) -> ApiError:
    """The object breaks a rule of its kind."""
    message = f'{kind.name}{"." + kind.group if kind.group else ""} "{name}" is invalid: {why}'
    return ApiError(422, "Invalid", message, _details(kind, name))


def unauthorized() -> ApiError:
    """The credential is not known."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(user: str, verb: str, kind: Kind, namespace: str, name: str) -> ApiError:
    """The credential is known, and may not do this."""
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    subject = f'{kind.resource} "{name}"' if name else kind.resource
    message = (
        f'{subject} is forbidden: User "{user}" cannot {verb} resource "{kind.plural}" '
        f'in API group "{kind.group}" {where}'
    )
    return ApiError(403, "Forbidden", message, _details(kind, name))


def forbidden_path(user: str, verb: str, path: str) -> ApiError:
    """The credential is known, and may not ask for this path."""
    return ApiError(403, "Forbidden", f'forbidden: User "{user}" cannot {verb} path "{path}"')


def service_unavailable(why: str) -> ApiError:
    """Something that the API server has to ask does not answer."""
    details = {"causes": [{"message": why}]}
    return ApiError(500, "InternalError", f"Internal error occurred: {why}", details)


def method_not_allowed() -> ApiError:
    """The resource has no such verb."""
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
