"""What goes wrong, as application/problem+json (RFC 9457) in the asker's language.

A denial of the heart carries its reason code, name and figures; everything else is one of KINDS.
This is also the web boundary: whatever escapes a request ends here, counted and logged.
Not here: which request ends how (the rooms raise `Problem`).
"""

import enum
from collections.abc import Awaitable, Mapping
from typing import Final, NamedTuple, Protocol, TypeVar

import msgspec
import structlog

from gateway.core.ports import OutcomeUnknown
from gateway.web.reply import Reply, headers
from risk.domain.enums import Language
from risk.domain.errors import TemporaryFailure
from risk.domain.reasons import REASONS, ReasonCode, figures, reason_words

log = structlog.get_logger("web")

VALUE_CHARS_MAX: Final = 64
TYPE_PREFIX: Final = "/v1/docs#problem-"
CONTENT_TYPE: Final = b"application/problem+json"


class Kind(enum.Enum):
    """Problems of the door itself; the value is the last part of the problem's type."""

    MALFORMED_JSON = "malformed_json"
    NOT_VALID = "not_valid"
    IDEMPOTENCY_KEY = "idempotency_key"
    NOT_LOGGED_IN = "not_logged_in"
    LOGIN_REFUSED = "login_refused"
    LOGIN_LOCKED = "login_locked"
    CSRF = "csrf"
    ORIGIN = "origin"
    NOT_FOUND = "not_found"
    METHOD = "method"
    BODY_TOO_LARGE = "body_too_large"
    BODY_TOO_SLOW = "body_too_slow"
    CONTENT_TYPE = "content_type"
    TOO_MANY = "too_many"
    TOO_MANY_STREAMS = "too_many_streams"
    BUSY = "busy"
    UNKNOWN_OUTCOME = "unknown_outcome"
    INTERNAL = "internal"


class KindText(NamedTuple):
    """Status and words of a kind; the title is its short name, the words say the remedy."""

    status: int
    title: str
    zh: str
    en: str


_K = Kind
KINDS: Final[dict[Kind, KindText]] = {
    _K.MALFORMED_JSON: KindText(
        400, "Malformed JSON", "请求体不是合法的 JSON", "send one JSON object encoded as UTF-8"
    ),
    _K.NOT_VALID: KindText(
        422, "A field is not valid", "字段不符合要求", "correct the field and send it again"
    ),
    _K.IDEMPOTENCY_KEY: KindText(
        400,
        "Idempotency-Key needed",
        "缺少或不合要求的 Idempotency-Key 请求头",
        "send a header Idempotency-Key with 1 to 64 visible ASCII characters, new for each order",
    ),
    _K.NOT_LOGGED_IN: KindText(
        401, "Not logged in", "未登录或登录已失效,请重新登录", "log in with POST /v1/login"
    ),
    _K.LOGIN_REFUSED: KindText(
        401,
        "Login refused",
        "账号或密码不正确",
        "the account or the password is wrong",
    ),
    _K.LOGIN_LOCKED: KindText(
        429,
        "Login locked",
        "尝试次数过多,请稍后再试",
        "too many wrong tries: wait, or call the hotline",
    ),
    _K.CSRF: KindText(
        403,
        "CSRF token wrong",
        "缺少或不正确的 X-CSRF-Token 请求头",
        "send the csrf_token of the login (or of GET /v1/me) in the header X-CSRF-Token",
    ),
    _K.ORIGIN: KindText(
        403,
        "Origin not allowed",
        "来源不被允许",
        "open the stream from a page of this site, or with a bearer token",
    ),
    _K.NOT_FOUND: KindText(404, "Not found", "没有这个资源", "see GET /v1/docs for what there is"),
    _K.METHOD: KindText(
        405, "Method not allowed", "不支持该方法", "use a method that the header Allow names"
    ),
    _K.BODY_TOO_LARGE: KindText(413, "Body too large", "请求体过大", "send a smaller body"),
    _K.BODY_TOO_SLOW: KindText(
        408, "Body too slow", "请求体到达过慢", "send the whole body without pauses"
    ),
    _K.CONTENT_TYPE: KindText(
        415,
        "Content type not taken",
        "请求体须为 application/json",
        "send Content-Type: application/json, without Content-Encoding",
    ),
    _K.TOO_MANY: KindText(
        429, "Too many requests", "请求过于频繁,请稍后再试", "wait as long as Retry-After says"
    ),
    _K.TOO_MANY_STREAMS: KindText(
        429, "Too many streams", "打开的数据流过多", "close a stream before opening another"
    ),
    _K.BUSY: KindText(503, "Busy", "系统繁忙,请稍后再试", "nothing was done: try again shortly"),
    _K.UNKNOWN_OUTCOME: KindText(
        503,
        "Outcome unknown",
        "结果未知,请用同一 Idempotency-Key 重新查询",
        "ask again with the same Idempotency-Key: the answer is the first outcome",
    ),
    _K.INTERNAL: KindText(
        500,
        "Internal error",
        "系统内部错误,请告知追踪号",
        "tell support the trace_id",
    ),
}
assert set(KINDS) == set(Kind), "every kind needs its words"


class ProblemBody(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A problem (RFC 9457). `reason` and `figures` come with a denial, `field` with bad input."""

    type: str
    title: str
    status: int
    detail: str
    trace_id: str
    reason: int = 0
    reason_name: str = ""
    figures: dict[str, int | str] = {}
    field: str = ""
    value: str = ""
    remedy: str = ""
    retry_after_s: int = 0


class Problem(Exception):
    """Ends a request with a problem; raised by the rooms of this door."""

    def __init__(
        self,
        kind: Kind,
        *,
        field: str = "",
        value: object = None,
        remedy: str = "",
        retry_after_s: float = 0,
        allow: str = "",
    ) -> None:
        super().__init__(kind.value)
        self.kind = kind
        self.field = field
        self.value = "" if value is None else shortened(value)
        self.remedy = remedy
        self.retry_after_s = -int(-retry_after_s // 1)  # rounded up: an earlier try would fail
        self.allow = allow

    def body(self, language: Language, trace_id: str) -> ProblemBody:
        """Return what the asker reads."""
        text = KINDS[self.kind]
        is_zh = language is Language.ZH
        words = text.zh if is_zh else self.remedy or text.en
        if self.field:
            was = f"(收到 {self.value})" if is_zh else f", was {self.value}"
            words = f"{self.field}{was if self.value else ''}: {words}"
        return ProblemBody(
            type=TYPE_PREFIX + self.kind.value,
            title=text.title,
            status=text.status,
            detail=words,
            trace_id=trace_id,
            field=self.field,
            value=self.value,
            remedy=self.remedy or text.en,
            retry_after_s=self.retry_after_s,
        )


def denial_body(
    reason: ReasonCode, detail: Mapping[str, int], language: Language, trace_id: str
) -> ProblemBody:
    """Return what the asker of a denied order or cancel reads."""
    row = REASONS[reason]
    return ProblemBody(
        type=TYPE_PREFIX + reason.name.lower(),
        title=reason.name.replace("_", " ").capitalize(),
        status=row.http_status,
        detail=reason_words(reason, detail, language),
        trace_id=trace_id,
        reason=reason.value,
        reason_name=reason.name,
        figures={key.removesuffix("_e4"): value for key, value in figures(detail).items()},
    )


def shortened(value: object) -> str:
    """Return a value as JSON would show it, cut to a length that fits a message."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= VALUE_CHARS_MAX else text[: VALUE_CHARS_MAX - 1] + "…"


def problem_reply(body: ProblemBody, **more: str) -> Reply:
    """Return the reply of a problem, with Retry-After when it says to wait."""
    if body.retry_after_s:
        more["Retry_After"] = str(body.retry_after_s)
    return Reply(body.status, msgspec.json.encode(body), CONTENT_TYPE, headers(**more))


class Asker(Protocol):
    """Who gets the problem: in which language, under which trace."""

    language: Language
    trace_id: str


R = TypeVar("R")


async def bounded(work: Awaitable[R], asker: Asker) -> R | Reply:
    """Return the reply of `work`, or of the problem it ended with. The web boundary."""
    try:
        return await work
    except Problem as problem:
        return problem_of(problem, asker)
    except OutcomeUnknown:
        return problem_of(Problem(Kind.UNKNOWN_OUTCOME), asker)
    except TemporaryFailure as failure:
        log.warning("web.busy", code=failure.code, error=str(failure))
        return problem_of(Problem(Kind.BUSY, retry_after_s=1), asker)
    except ConnectionError:
        raise  # the asker left: nobody to answer
    except Exception:  # this request dies, the others notice nothing
        log.exception("web.failed")
        return problem_of(Problem(Kind.INTERNAL), asker)


def problem_of(problem: Problem, asker: Asker) -> Reply:
    """Return the reply of a problem in the asker's language."""
    more = {"Allow": problem.allow} if problem.allow else {}
    if problem.kind is Kind.NOT_LOGGED_IN:
        more["WWW_Authenticate"] = "Bearer"
    return problem_reply(problem.body(asker.language, asker.trace_id), **more)
