"""Who and where: a user and a group of a platform, as the platform names them. Aha IDs are core.identity's business."""

from __future__ import annotations

from attrs import field, frozen


@frozen
class User:
    """A user of a platform, such as `User("QQ", "10001")`; the id may be given as a number."""

    platform: str
    user_id: str = field(converter=str)


@frozen
class Group:
    """A group of a platform, such as `Group("QQ", "20002")`; the id may be given as a number."""

    platform: str
    group_id: str = field(converter=str)
