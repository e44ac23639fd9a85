"""[identity]: secrets, lock-outs, caller numbers and web logins."""

from typing import Annotated, Literal

import msgspec


class IdentitySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[identity] in hotline.toml."""

    pin_digits: Annotated[
        int, msgspec.Meta(ge=4, le=12, description="Digits of a telephone PIN.")
    ] = 6
    failures_max: Annotated[
        int, msgspec.Meta(ge=2, le=20, description="Wrong secrets in a row before a lock-out.")
    ] = 5
    lock_s: Annotated[
        int,
        msgspec.Meta(
            ge=1, le=86_400, description="Seconds of the first lock-out; each next one doubles."
        ),
    ] = 900
    lock_s_max: Annotated[
        int, msgspec.Meta(ge=1, le=604_800, description="Seconds of the longest lock-out.")
    ] = 86_400
    unknown_attempts_max: Annotated[
        int,
        msgspec.Meta(
            ge=100,
            le=10_000_000,
            description="Tries at accounts that do not exist which are remembered.",
        ),
    ] = 100_000
    number_failures_max: Annotated[
        int,
        msgspec.Meta(
            ge=2, le=1_000, description="Wrong PINs from one caller number before it is locked."
        ),
    ] = 10
    all_failures_max: Annotated[
        int,
        msgspec.Meta(
            ge=10,
            le=1_000_000,
            description="Wrong PINs of all callers before only numbers with a right PIN may try.",
        ),
    ] = 500
    guess_window_s: Annotated[
        int,
        msgspec.Meta(ge=60, le=86_400, description="Seconds over which wrong PINs are summed."),
    ] = 3_600
    all_lock_s: Annotated[
        int,
        msgspec.Meta(ge=1, le=86_400, description="Seconds for which unknown numbers are locked."),
    ] = 600
    caller_default: Annotated[
        Literal["allow", "query_only", "refuse"],
        msgspec.Meta(description="What a number may do that no list names."),
    ] = "allow"
    caller_withheld: Annotated[
        Literal["allow", "query_only", "refuse"],
        msgspec.Meta(description="What a caller may do who hides his number."),
    ] = "allow"
    hash_threads: Annotated[
        int, msgspec.Meta(ge=1, le=16, description="Secrets verified at the same time.")
    ] = 2
    hash_pending_max: Annotated[
        int,
        msgspec.Meta(ge=1, le=4096, description="Secrets that may wait to be verified."),
    ] = 128
    hash_memory_kib: Annotated[
        int,
        msgspec.Meta(ge=8, le=1_048_576, description="argon2id memory per verification, KiB."),
    ] = 19_456
    hash_passes: Annotated[
        int, msgspec.Meta(ge=1, le=16, description="argon2id passes over that memory.")
    ] = 2
    login_s: Annotated[
        int, msgspec.Meta(ge=60, le=2_592_000, description="Seconds a web login lasts at most.")
    ] = 43_200
    login_idle_s: Annotated[
        int, msgspec.Meta(ge=30, le=2_592_000, description="Seconds unused that end a web login.")
    ] = 1_800
    logins_per_account_max: Annotated[
        int,
        msgspec.Meta(ge=1, le=1000, description="Web logins of one account; the oldest ends."),
    ] = 10
    logins_cached_max: Annotated[
        int,
        msgspec.Meta(ge=10, le=10_000_000, description="Web logins kept in memory."),
    ] = 100_000
