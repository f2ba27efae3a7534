"""Self-harm: a person who writes of harming themselves, one who asks how, one who tells another to.

A person in need must not be missed for want of the right word, and a notice with help lines does little harm where it
was not needed; so these are broader than the other rules. Sayings ("this homework kills me", 累死了, 想死你了), accidents
("I cut myself shaving") and talk about the subject are left alone.
"""

from __future__ import annotations

from typing import Final

from moderation.default_rules.scores import DOUBTFUL, PLAIN, Line

_MYSELF = r"my ?self"
_I_AM = r"\bi(?:['’]?m| am|['’]?ve been| have been| was)?"
_WANTING = r"(?:want|wanna|need|wish|plan(?:ning)?|decided|deserve|hope|ready|going|gonna|about|like|love|prefer)"
_END = r"\s*(?:[.!?,;…]|$)"
_AFTER_DYING = r"(?! (?:my|his|her|of|from|laughing|sure|set|serious|in (?:the|this|a) (?:game|level|dream)|on th))"

_ENGLISH: Final[tuple[tuple[str, float], ...]] = (
    # said to another
    (r"\b(kill|hang|shoot|drown|off) (yourself|urself|yourselves)\b", PLAIN),
    (r"\bslit your wrists?\b", PLAIN),
    # how to
    (
        r"\b(best|easiest|painless|quickest|fastest|least painful|how to|how (?:do|can|should|could) i) "
        r"(?:(?:and|painless(?:ly)?|easy|quick(?:ly)?|way|ways|method|methods|to|of|for) ){0,5}"
        rf"(?:commit(?:ting)? suicide|suicide method|(?:kill(?:ing)?|hang(?:ing)?) {_MYSELF}|end(?:ing)? (?:my life|it all)|"
        r"slit(?:ting)? my wrists|tie a noose|die without pain)\b",
        PLAIN,
    ),
    (
        r"\bhow many (?:\w+ ){0,3}?(?:pills|tablets|tylenol|paracetamol|ibuprofen|sleeping pills|aspirin|xanax)"
        rf" (?:\w+ ){{0,6}}?(?:to die|to kill (?:me|{_MYSELF}|a person)|to overdose|to not wake up)\b",
        PLAIN,
    ),
    # wanting to die
    (
        rf"\b(?:kill(?:ing)?|hang(?:ing)?|shoot(?:ing)?|drown(?:ing)?|harm(?:ing)?|off(?:ing)?|unaliv(?:e|ing)) {_MYSELF}\b"
        r"(?! (?:laughing|with laughter))",
        DOUBTFUL,
    ),
    (
        rf"\b{_WANTING} (?:to )?(?:\w+ )?(?:hurt|cut|burn|starve|poison|stab)(?:ting|ing)? {_MYSELF}\b"
        r"|\b(?:thinking|thoughts|think|urges?|tempted|stop) (?:about |of |to )?(?:hurt|cut|burn|starv|stabb?)(?:t?ing)?e? "
        rf"{_MYSELF}\b"
        rf"|\b(?:hurt|cut|burn)(?:t?ing|ed)? {_MYSELF} (?:on purpose|again|to feel|because i (?:hate|deserve))",
        DOUBTFUL,
    ),
    (
        rf"{_I_AM} (?:(?:really|just|honestly|only|kinda|do|still|always|often) ){{0,3}}"
        r"(?:want|wanna|need|wish|plan(?:ning)?|decided|deserve|hope|ready|going|gonna|would like)(?: to| 2)? "
        rf"(?:(?:just|fucking|really) )?(?:die|be dead|commit suicide|end (?:it all|my life|everything)|unalive|"
        rf"stop (?:living|existing)|disappear forever|(?:never|not) wake up|not exist)\b{_AFTER_DYING}",
        DOUBTFUL,
    ),
    (
        r"\bi wish (?:that )?i (?:was|were|could be) dead\b"
        r"|\bi wish (?:that )?i (?:was|were|had|['’]d) ?(?:been )?never (?:been )?born\b"
        r"|\bi wish i (?:could|would|will) (?:just )?(?:die|never wake up|not wake up|stop existing|fall asleep forever)\b",
        DOUBTFUL,
    ),
    (
        r"\bi (?:don['’]?t|do not|no longer|can['’]?t|cannot|can not) (?:really |even )?(?:want|wanna|wish)?(?: to)? ?"
        r"(?:(?:live|be alive|exist|go on|keep going|keep living|wake up|continue living)(?: like this)?"
        rf"(?: any ?more| any longer| tomorrow)?{_END}|(?:live|be here|be alive|exist|go on|do this life) any ?(?:more|longer)\b)",
        DOUBTFUL,
    ),
    (
        r"\b(?:end|take|ending|taking|took) my (?:own )?life\b|\bmy suicide\b|\bsuicide note\b.{0,40}\b(?:my|i)\b",
        DOUBTFUL,
    ),
    (
        rf"{_I_AM}(?: \w+){{0,4}} (?:suicidal|self[ -]?harm(?:ing|ed)?)\b"
        r"|\b(?:thinking|think|thought) (?:a lot )?(?:of|about) (?:\w+ )?(?:suicide|killing|ending (?:it all|my life|everything))\b",
        DOUBTFUL,
    ),
    (
        r"\b(?:no (?:reason|point|purpose)(?: left)?|nothing(?: left)?|don['’]?t see (?:a|any|the) (?:reason|point))"
        r"(?: for me)? (?:to|in|of|for)? ?(?:live|living|live for|go on|going on|being alive|be alive|keep living)\b(?! about)"
        r"|\bi(?:['’]?m| am|['’]?d be| would be) better off dead\b"
        r"|\b(?:everyone|everybody|they|my family|my kids|the world|people)(?:['’]?d| would| will|['’]?s| is| are| be)* "
        r"better off (?:without me|if i)\b",
        DOUBTFUL,
    ),
    (
        rf"{_I_AM} (?:\w+ ){{0,3}}{_WANTING} (?:to )?(?:jump(?:ing)? (?:off|from|in front of)(?! the (?:diving|board|bus|couch))|overdos(?:e|ing)|"
        r"slit(?:ting)? my|cut(?:ting)? my (?:wrists?|arms?|thighs?|legs?|veins))\b"
        r"|\b(?:slit|slitting|cutting) my (?:wrists?|veins|thighs?|arms?)\b",
        DOUBTFUL,
    ),
    (rf"{_I_AM} (?:\w+ ){{0,3}}(?:kms|kill me now pls)\b(?! (?:today|away|from|north|south|east|west|per))", DOUBTFUL),
)

_SO = r"(?:真的|真|好|很|就|只|现在|都|也|一直|总是|常常|经常|有点|突然|每天|天天|时常|有时|有时候|特别|非常|还是){0,3}"
_WISH = r"(?:想要?|要|打算|准备|考虑|计划|试图|尝试|决定|想过|忍不住)"

_CHINESE: Final[tuple[tuple[str, float], ...]] = (
    # said to another
    (r"你(怎么|为什么|咋)还?不(去)?(死|自杀)", PLAIN),
    (r"你?(赶紧|快|赶快|直接)(点)?去(死|自杀|跳楼)(吧|啊)?", PLAIN),
    # how to
    (
        r"(怎么|如何|怎样|咋)(样|才能|能|可以|去){0,2}(无痛|快速|不痛苦|没有痛苦|最快|安静|轻松|悄悄)?地?"
        r"(自杀|死去|上吊|割腕|烧炭自杀|结束(我|自己|我自己)的?生命)|自杀(的)?(方法|方式)(大全|有哪些|推荐)",
        PLAIN,
    ),
    (
        r"(无痛|没有痛苦|最不痛苦|不痛苦)地?的?(死法|自杀|死亡方(法|式))|(吃|服)多少(片|颗|粒|瓶)?.{0,8}(会死|能死|致死|才会死|死得了)",
        PLAIN,
    ),
    # wanting to die
    (
        rf"(?<![你妳])(我|俺|本人|自己){_SO}想死(?!(你|妳|我|他|她|它|妈|爸|家|鱼|灰))|(真的|每天都|天天|一直|只|就)想死(?!(你|妳|我|他|她|它))"
        rf"|我{_SO}想去?死了?(算了|一了百了)|死了算了|死了一了百了|我死了(就好|更好|大家)",
        DOUBTFUL,
    ),
    (
        r"不想(再)?(活(了|下去|着)|继续活)|活(够|腻|累)了|(我|实在|真的)活不下去|不想(再)?醒(来|过来)|(睡|一睡)(过去)?就?(再也)?不(再)?醒来?(就好|该多好)",
        DOUBTFUL,
    ),
    (
        r"(我|觉得|感觉|感到|认为).{0,8}活(着|下去)(真的|真|好|太|也|又|还|都|已经|根本|完全){0,3}(没|没有|无|有)(什么|啥|任何)?"
        r"(意思|意义|希望|劲|价值|盼头)|活着(真的|真|好|太|也){0,2}(没|没有)(什么|啥)?(意思|意义)|没有?(了)?活下去的(勇气|理由|动力|意义|希望)",
        DOUBTFUL,
    ),
    (
        rf"我.{{0,8}}{_WISH}(过|了|要|着|去)?(自杀|轻生|寻死|寻短见|自尽)|我.{{0,6}}有.{{0,4}}(自杀|轻生|自残|自伤)(的)?(念头|想法|倾向|冲动)",
        DOUBTFUL,
    ),
    (
        rf"我.{{0,8}}{_WISH}(去|从.{{1,6}})?(跳楼(?!机|梯)|跳河|跳江|跳桥|上吊|割腕|割脉|服毒|吞药|吞安眠药|烧炭|卧轨)",
        DOUBTFUL,
    ),
    (
        r"我.{0,10}(自残|自伤|割腕|割自己|划自己|伤害(我)?自己|弄伤自己|用刀划(手|胳膊|手腕|手臂))",
        DOUBTFUL,
    ),
    (
        rf"我.{{0,6}}{_WISH}?(结束|了结|了断)(掉)?(我|自己|我自己|这)的?(生命|一生|性命|人生)|(结束|了结)(我|自己|我自己)的?(生命|性命)"
        rf"|我{_SO}{_WISH}一了百了",
        DOUBTFUL,
    ),
    (
        r"(如果|要是|假如)我(死|不在|消失|离开)(了|这个世界).{0,10}(会不会|是不是|就好|更好|都好|在乎|难过|解脱)"
        r"|(世界|大家|他们|家人|所有人|你们)没有(了)?我(会|都|就|也)?(更|会)?好|(告别|离开)这个世界(吧|了|算了)|我的?遗书|我?(写|留)(好|下)?了?遗书",
        DOUBTFUL,
    ),
)

SELF_HARM: Final[tuple[Line, ...]] = (
    ("phrase", "kys", "self_harm", DOUBTFUL),
    *(("regex", pattern, "self_harm", score) for pattern, score in (*_ENGLISH, *_CHINESE)),
)
