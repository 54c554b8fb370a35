"""aiocqhttp with one handler: `aiocqhttp_bot.py PORT`. OneBot implementations connect to /ws."""

import logging
import sys

from aiocqhttp import CQHttp

logging.basicConfig(level=logging.WARNING)
bot = CQHttp()


@bot.on_message
async def _(event):
    if event.raw_message == "ping":
        await bot.send(event, "pong")


bot.run(host="127.0.0.1", port=int(sys.argv[1]))
