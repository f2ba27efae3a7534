"""Attacks on the assistant's instructions: known jailbreaks, orders hidden in pasted text, attempts to read the prompt.

They look for what tries to give the assistant other instructions. Talk about such things, and ordinary uses of the same
words ("ignore the previous email", "act as a tutor"), are left alone.
"""

from __future__ import annotations

from typing import Final

from moderation.default_rules.scores import DOUBTFUL, PLAIN, Line

_DROP = r"(?:ignore|disregard|forget|override|bypass|discard|don['’]?t follow|do not follow|stop following|pay no attention to)"
_OLD = r"(?:(?:all|any|of|the|your|my|previous|prior|above|original|current) ){0,4}"
_RULES = r"(?:(?:system|safety|content|developer|ethical|moderation|openai|usage) )?(?:instructions?|prompts?|rules|guidelines|directives?|directions|programming|restrictions|polic(?:y|ies)|filters?|safeguards)"
_TELL = r"(?:print|show|reveal|repeat|output|display|leak|disclose|dump|write|give|tell|copy|paste|translate|encode)"
_SYSTEM = r"(?:system|initial|hidden|secret|original|developer|pre|internal|starting) ?-?(?:prompts?|messages?|instructions?|directives?|configuration)"

_ENGLISH: Final[tuple[tuple[str, float], ...]] = (
    # other instructions in the place of the old ones
    (
        r"\b(?:ignore|disregard|forget) (?:(?:all|any|of|the|your|my) ){0,4}(?:previous|prior|above|earlier|preceding)"
        r"(?: system)? (?:instructions?|prompts?|rules|messages|directions|guidelines|directives)\b",
        PLAIN,
    ),
    (rf"\b{_DROP} (?:(?:all|any|of|the) ){{0,3}}(?:your|system|safety|openai|developer) {_OLD}{_RULES}\b", PLAIN),
    (
        r"\b(?:ignore|disregard|forget) (?:everything|all|anything) (?:you (?:were|have been|['’]ve been) (?:told|taught|instructed)|"
        r"(?:that )?(?:was|is|came|comes|stands) (?:before|above)|(?:i|we|they) (?:told|said to) you before|above this line|before this)",
        PLAIN,
    ),
    (
        r"\b(?:your|these are (?:your|the)|here are your) (?:new|real|true|actual|updated) (?:instructions|rules|directives|system prompt|task)(?: (?:are|is)\b| ?:)",
        DOUBTFUL,
    ),
    (
        r"(?:^|\n)\s*(?:\[|<|#+ ?|<\|)(?:system|inst|im_start|sys|admin|developer)(?:\||\]|>|:| (?:message|override|prompt|note))",
        DOUBTFUL,
    ),
    (r"<\|(?:im_start|im_end|system|endoftext|start_header_id|eot_id)\|>|\[/?inst\]|<</?sys>>", DOUBTFUL),
    # personas without rules
    (
        r"\b(?:do anything now|you are (?:now )?(?:dan|stan|dude|aim|devmode|evilgpt|jailbroken)\b|(?:act|behave|respond|pretend to be|roleplay) (?:as|like)? ?(?:dan|stan|evilbot)\b(?! (?:the|a|in|from)))",
        PLAIN,
    ),
    (
        r"\b(?:jailbreak|god|developer|unrestricted|unfiltered|uncensored|no[ -]limits?) mode (?:is )?(?:now )?(?:enabled|activated?|engaged|initiated)\b",
        PLAIN,
    ),
    (
        r"\b(?:enable|activate|enter|switch (?:in)?to|turn on|you are (?:now )?in) (?:the )?(?:jailbreak|god|unrestricted|unfiltered|uncensored|dan|evil|no[ -]limits?|developer) mode\b(?! (?:in|on|for) )",
        DOUBTFUL,
    ),
    (
        r"\b(?:you|ai|assistant|model|chatbot|it)(?: (?:an?|ai|are|is|will|must|can|should|now|be|have|has|operate|answer|act|respond|respond to me)){1,4} "
        r"(?:free (?:of|from)|without|not bound by|no longer bound by|with no|unbound by|exempt from|no) (?:(?:any|all|your|the|of|its|ethical|moral|safety|content|openai's) ){0,3}"
        r"(?:restrictions|limitations|filters?|rules|guidelines|censorship|ethics|morals|constraints|safeguards)\b",
        PLAIN,
    ),
    (
        r"\bpretend (?:that )?(?:you|there) (?:have|are|had|were) (?:no|not bound by|free of|without)(?: any)? (?:\w+ )?(?:restrictions|limitations|filters?|rules|guidelines|ethics|morals|constraints)\b",
        PLAIN,
    ),
    (
        r"\b(?:act|respond|answer|behave) as (?:if|though) (?:you (?:have|had|are|were)|there (?:are|were)) (?:no|without|not bound by)(?: any)? (?:\w+ )?(?:restrictions|limitations|filters?|rules|guidelines|policies|constraints)\b",
        PLAIN,
    ),
    (
        r"\bnever (?:say|tell me|answer|respond|reply) (?:that )?(?:you can(?:['’]?t|not)|no to|you['’]re (?:sorry|unable)|with a refusal)\b.{0,120}\b(?:rules|restrictions|refuse|policy|anything)\b",
        DOUBTFUL,
    ),
    (
        r"\b(?:my|deceased|late|dead) grand(?:mother|ma) (?:\w+ ){0,4}used to (?:read|tell|recite|sing) (?:\w+ ){0,4}.{0,60}(?:napalm|bomb|keys?|explosive|poison|meth|malware)",
        DOUBTFUL,
    ),
    # reading the prompt
    (
        rf"\b{_TELL} (?:(?:me|us|back|out|the|your|all|of|full|entire|complete|exact|whole|verbatim|contents?|text) ){{0,5}}(?:your|the|its) (?:(?:full|entire|complete|exact|whole|own|very) ){{0,2}}{_SYSTEM}\b(?! (?:from|of|for) (?:this|that|my|our|the (?:log|file|device|router)))",
        DOUBTFUL,
    ),
    (rf"\bwhat(?:['’]s| is| are| was| were) (?:in )?your (?:(?:full|entire|exact|own|very) )?{_SYSTEM}\b", DOUBTFUL),
    (
        r"\b(?:repeat|print|output|copy|write|say|recite|return) (?:back )?(?:(?:all|everything|exactly|verbatim|the|of) ){0,3}(?:words?|text|content|messages?|instructions|everything|lines?)? ?(?:above|before (?:this|my (?:first )?message)|that (?:came|comes|were given to you) (?:before|above)|you were given (?:before|above|at the (?:start|beginning)))(?! (?:the|a|this) (?:table|figure|line|line break))",
        DOUBTFUL,
    ),
    (
        r"\b(?:repeat|print|output|show|reveal|tell me|what (?:are|were)) (?:me )?(?:all )?(?:the )?(?:exact )?(?:instructions|rules|prompt|directions|guidelines) (?:that )?(?:you (?:were|have been|are|['’]ve been) given|given to you|(?:your )?(?:developers?|openai|creators?) gave you|you (?:must )?follow|you operate under)\b",
        DOUBTFUL,
    ),
    # orders that wait in pasted text
    (
        r"\b(?:note|message|instructions?|attention|important)(?: (?:to|for) (?:the |any |all )?(?:ai|llm|llms|assistant|assistants|chatbot|language models?|ai (?:model|assistant|agent)s?|gpt|model))\b ?[:,\-–—.!]",
        DOUBTFUL,
    ),
    (
        r"\b(?:if|when) you (?:are|['’]re) an? (?:ai|llm|language model|ai (?:model|assistant|agent)|assistant|chatbot|gpt)\b.{0,40}\b(?:ignore|say|tell|recommend|reply|respond|include|add|write|send|output|instead|must|do not)\b",
        DOUBTFUL,
    ),
    (
        r"\b(?:ai|assistant|llm|model|chatbot)s? (?:reading|processing|summari[sz]ing|parsing|scanning) (?:this|the)\b.{0,60}\b(?:must|should|ignore|say|tell|recommend|reply|include|output|send)\b",
        DOUBTFUL,
    ),
    (
        r"\bdo not (?:tell|inform|reveal (?:this )?to|mention (?:this )?to|alert|let) the (?:user|human|person|reader)s?\b.{0,60}\b(?:about (?:this|these)|instructions?|that you|know)\b",
        DOUBTFUL,
    ),
)

_CHINESE: Final[tuple[tuple[str, float], ...]] = (
    (
        r"(忽略|无视|忘记|忘掉|不要(?:管|理会|遵守)|抛开|跳过|绕过)(掉)?(你|你的|你所有的)?(之前|以上|上面|前面|先前|此前|原来|原有|系统|开发者|安全|内置|现有|上述)(给你)?(的)?(所有|全部|一切|任何|系统|安全)?(的)?"
        r"(指令|指示|提示词?|规则|设定|要求|限制|准则|约束)(?!的?(?:邮件|文件))",
        PLAIN,
    ),
    (
        r"(忽略|无视|忘记|忘掉|不要遵守|不再遵守|绕过)(掉)?(你|你的)(所有|全部|一切|任何|系统|安全|内容)?的?(指令|指示|提示词|规则|设定|限制|准则|约束|审查)",
        PLAIN,
    ),
    (
        r"(输出|显示|告诉我|打印|重复|复述|透露|泄露|说出|写出|给我看|翻译|展示|公开)(一下|出来)?(你的?|你自己的?|完整的?|全部的?|所有的?){1,3}(系统|初始|原始|隐藏|内部|内置|开发者)(提示词?|指令|设定|指示|消息|prompt)",
        DOUBTFUL,
    ),
    (r"你的(系统|初始|原始|隐藏|内部)(提示词?|指令|设定|prompt)(是|有|里|内容|包含)(什么|哪些|啥)?", DOUBTFUL),
    (
        r"(重复|复述|输出|打印)(一遍)?(上面|以上|前面|之前|这句话之前|本句之前|我说话之前)(的)?(所有|全部)?(的)?(内容|文字|话|指令|文本)",
        DOUBTFUL,
    ),
    (
        r"(你现在是|你将扮演|请?扮演|假装(你)?是|从现在(起|开始)你(就)?是)(一个|一名)?.{0,10}(没有|不受|无|不受任何|没有任何|摆脱)(任何|一切|道德|伦理|内容|安全|的)?(限制|约束|规则|审查|道德|底线|过滤)",
        PLAIN,
    ),
    (
        r"(?<!如何|怎么|怎样|安卓|手机)(进入|开启|启用|切换到|激活)(了)?(开发者|越狱|无限制|上帝|不受限|无审查|dan)模式",
        DOUBTFUL,
    ),
    (
        r"(假装|假设|想象|当作)(你)?(没有|不存在|不受)(任何|一切)?(道德|安全|内容|伦理)?(的)?(限制|约束|规则|审查|准则)",
        PLAIN,
    ),
    (
        r"(ai|人工智能|大?语言模型|助手|大模型)(在)?(阅读|处理|总结|读到|看到)(到)?(本|这|此)(文|段|篇|页|内容).{0,20}(请|必须|应当|应该|务必|忽略|推荐)",
        DOUBTFUL,
    ),
    (r"(不要|别|请勿)(告诉|透露给|让)(用户|读者|使用者).{0,10}(这|指令|知道|提示|你)", DOUBTFUL),
)

PROMPT_ATTACKS: Final[tuple[Line, ...]] = tuple(
    ("regex", pattern, "prompt_attack", score) for pattern, score in (*_ENGLISH, *_CHINESE)
)
