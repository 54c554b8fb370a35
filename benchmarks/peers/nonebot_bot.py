"""NoneBot2 with one command: `nonebot_bot.py PORT LOG_LEVEL LOOP`. OneBot implementations connect to /onebot/v11/ws."""

import sys

import nonebot
from nonebot.adapters.onebot.v11 import Adapter

port, log_level, loop = sys.argv[1:]
nonebot.init(driver="~fastapi", host="127.0.0.1", port=int(port), log_level=log_level, command_start={""})
nonebot.get_driver().register_adapter(Adapter)

ping = nonebot.on_command("ping")


@ping.handle()
async def _():
    await ping.send("pong")


nonebot.run(loop=loop)
