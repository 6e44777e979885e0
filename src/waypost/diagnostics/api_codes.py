"""The codes of the errors of the REST API, for `waypost explain`."""

from dataclasses import dataclass
from typing import Final

COMMAND: Final = "the REST API"


@dataclass(frozen=True, slots=True)
class ApiCode:
    """The description of an error.

    Attributes:
        code: `code` of the problem document; never changes.
        status: of the HTTP answer.
        message: what is wrong.
        fix: what the program or the operator can do.
    """

    code: str
    status: int
    message: str
    fix: str


_AGAIN: Final = "send the request again after the seconds in Retry-After"
_OPERATOR: Final = "see the log of Waypost and correct the settings that `detail` names"

API_CODES: Final = (
    ApiCode(
        "unauthorized",
        401,
        "the request has no token, or the token is wrong, has expired or was revoked",
        "send `Authorization: Bearer TOKEN`; `waypost token create` creates a token",
    ),
    ApiCode(
        "forbidden",
        403,
        "the token must not make this change, whether the object exists or not",
        "use a token with the role write, or one that covers the domain or the provider",
    ),
    ApiCode(
        "not_found",
        404,
        "there is no such object or URL, or the token must not see the object",
        "check the name and the URL; list the objects that the token can see",
    ),
    ApiCode(
        "invalid",
        422,
        "the object or an argument breaks a rule; `errors` has all mistakes, each with its path",
        "correct all of them; the keys are those of a providers file",
    ),
    ApiCode(
        "version_conflict",
        412,
        "the object is not the version that the request was made for; `current` is its version",
        "read the object again, make the change again, and send the new ETag in If-Match",
    ),
    ApiCode(
        "confirmation_needed",
        409,
        "the change would also change the domains in `affected`; `count` is their number",
        "send the request again with confirm=1 if this is intended",
    ),
    ApiCode(
        "in_use",
        409,
        "the object cannot be deleted, because other objects refer to it",
        "change or delete the other objects first",
    ),
    ApiCode(
        "read_only",
        409,
        "the domains are in a providers file, which the API does not change",
        "edit the file; or write it to a database with `waypost apply`, and remove `providers` "
        "from the settings",
    ),
    ApiCode(
        "undo_refused",
        409,
        "the change cannot be undone: the object has changed since, or the entry does not say "
        "enough",
        "undo the newer changes first, or write the object yourself from `before` of the entry",
    ),
    ApiCode(
        "bad_request",
        400,
        "the body is not a JSON object, or a header or a parameter is not valid or unknown",
        "correct what `detail` or `errors` names; /api/v1/openapi.json describes each request",
    ),
    ApiCode(
        "admin_error",
        400,
        "the request cannot be carried out, for the reason in `detail`",
        "correct what `detail` names",
    ),
    ApiCode(
        "method_not_allowed",
        405,
        "this URL does not have this method",
        "use one of the methods in the header Allow",
    ),
    ApiCode(
        "unsupported_media_type",
        415,
        "the body is not JSON",
        "send `Content-Type: application/json`",
    ),
    ApiCode(
        "too_large",
        413,
        "the body is too long",
        "send it in parts; `detail` has the limit",
    ),
    ApiCode(
        "too_many_requests",
        429,
        "the token sends too many requests, the network too many wrong tokens, or too many "
        "reports of the doctor are being made",
        _AGAIN,
    ),
    ApiCode(
        "store_unavailable",
        503,
        "the database does not answer",
        f"{_AGAIN}; check the database if that does not help",
    ),
    ApiCode("store_busy", 503, "the database has reached its limit of queries", _AGAIN),
    ApiCode(
        "store_error",
        503,
        "the database cannot be used: a table or a driver is missing, or the URI is wrong",
        "run `waypost db status`, then `waypost db upgrade`",
    ),
    ApiCode(
        "bad_providers",
        422,
        "the providers file has mistakes, so that no domain can be read from it",
        "correct the lines that `errors` names",
    ),
    ApiCode(
        "bad_link",
        409,
        "without a database, setup links have no list, no app password and no count of uses",
        "leave out `app_password` and `uses`, or serve the domains from a database",
    ),
    ApiCode("bad_settings", 422, "the settings have mistakes", _OPERATOR),
    ApiCode("problems", 422, "there are several mistakes in `errors`", "correct all of them"),
    ApiCode(
        "not_served",
        404,
        "no domain and no pattern matches the address, or the domain is declined",
        "add the domain, or check the spelling of the address",
    ),
    ApiCode(
        "unknown_user",
        404,
        "the directory does not know the user, and the domain declines unknown users",
        "check the address with `waypost directory test`",
    ),
    ApiCode(
        "moved",
        404,
        "the mail of the domain is elsewhere, and this format has no answer with a body for that",
        "read the redirect from the domain, or ask for the format autodiscover",
    ),
    ApiCode(
        "no_usable_service",
        404,
        "the domain is served, but this format cannot describe any of its services",
        "ask for the lint report of the domain, which names the services",
    ),
    ApiCode(
        "half_configured",
        404,
        "the domain has services for incoming mail but none for outgoing mail, or the reverse",
        "add the missing service",
    ),
    ApiCode(
        "not_offered",
        404,
        "the domain has no service of the kind that this format describes",
        "add such a service, or ask for another format",
    ),
    ApiCode(
        "signing_unavailable",
        503,
        "profiles must be signed, and signing fails",
        "check profile_cert and profile_key in the settings",
    ),
    ApiCode("directory_unavailable", 503, "the directory does not answer in time", _AGAIN),
    ApiCode("directory_busy", 503, "the directory has reached its limit of searches", _AGAIN),
    ApiCode(
        "directory_error",
        400,
        "the directory answers, but it or its configuration has a mistake",
        "check it with `waypost directory test`",
    ),
    ApiCode("names_unavailable", 503, "no name server answers", _AGAIN),
    ApiCode("bad_address", 400, "the text is not an email address", "correct the address"),
    ApiCode("bad_domain", 400, "the text is not a domain name", "correct the domain"),
)


def find_api_code(topic: str) -> ApiCode | None:
    """Return a code of the API; None if there is no such code."""
    name = topic.lower().replace("-", "_")
    return next((code for code in API_CODES if code.code == name), None)
