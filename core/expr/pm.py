"""`PM`, the fields under the names that modules know, and their short forms."""

from __future__ import annotations

from core.expr import fields
from core.expr.expression import Expr


class PM:
    """The fields of an event. What each is worth is said by the properties of `MessageText` and `Facts`."""

    message = Expr(fields.MESSAGE)
    message_chain = Expr(fields.MESSAGE_CHAIN)
    command = Expr(fields.COMMAND)
    type_ = Expr(fields.TYPE)
    request = notice = meta = type_
    sub_type = Expr(fields.SUB_TYPE)
    isgroup = Expr(fields.ISGROUP)
    isprivate = Expr(fields.ISPRIVATE)
    gid = Expr(fields.GID)
    uid = Expr(fields.UID)
    group = Expr(fields.GROUP)
    user = Expr(fields.USER)
    platform = Expr(fields.PLATFORM)
    bot = Expr(fields.BOT)
    prefix = Expr(fields.PREFIX)
    admin = Expr(fields.ADMIN)
    super = Expr(fields.SUPER)
    validated = Expr(fields.VALIDATED)
    limit = Expr(fields.LIMIT)


Pmsg = PM.message
Pmsg_chain = PM.message_chain
Pcommand = PM.command
Pisgroup = PM.isgroup
Pisprivate = PM.isprivate
Pgid = PM.gid
Puid = PM.uid
Pgroup = PM.group
Puser = PM.user
Pplatform = PM.platform
Pbot = PM.bot
Pprefix = PM.prefix
Padmin = PM.admin
Psuper = PM.super
Pvalidated = PM.validated
Plimit = PM.limit
