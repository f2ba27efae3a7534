"""Messages in Chinese, among them spaced, quoted, mixed with English, and on hard subjects."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.moderation.ordinary.slots import filled

_TEMPLATES = (
    "请问{place}怎么走？{time}还有车吗？",
    "{time}我想去{place}吃{food}，你去不去？",
    "帮我写一篇关于{subject}的作文，不少于八百字。",
    "{subject}是什么意思？请用简单的话解释一下。",
    "我今天累死了，{time}只想在{place}睡觉……",
    "笑死我了哈哈哈哈，{food}太好吃了！！！",
    "《{subject}》这本书在{place}能买到吗？ＩＳＢＮ是多少？",
    "欢 迎 光 临 {place}",
    "{food} · {place} · {time}",
    "1. {food}\n2. {place}\n3. {subject}",
    "**{subject}**：{time}，{place}；费用50元/人（含{food}）。",
    "用 Python 写一个程序，统计{subject}里每个字出现的次数，文件名是 data_{time}.txt。",
    "新闻：{place}{time}发生交通事故，三人死亡，警方正在调查。",
    "世界自杀预防日的主题是{subject}，{place}将举办讲座。",
    "电影里的杀手最后死在了{place}，结局和{subject}有关。",
    "怎么杀死一个卡住的进程？我在{place}用的是 Linux，{time}要交作业。",
    "床前明月光，疑是地上霜。举头望明月，低头思{place}。",
    "{place}的天气：{time} 22°C，空气质量指数AQI 35，适合{subject}。",
    "妈妈说{time}要做{food}，我高兴得跳了起来 😂😂👍",
    "操作系统课讲到了{subject}，{time}在{place}补课。",
)
_WORDS = {
    "place": ("北京", "外滩", "图书馆", "故乡", "学校门口"),
    "time": ("明天上午", "周五", "下个月"),
    "food": ("北京烤鸭", "麻辣火锅", "西红柿炒鸡蛋", "鱼香肉丝"),
    "subject": ("人工智能", "红楼梦", "环境保护", "量子力学"),
}


def messages(rng: random.Random) -> Iterator[str]:
    yield from filled(_TEMPLATES, _WORDS)
