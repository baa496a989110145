"""What simulated people say, by language: notes at tables, summaries, questions from the floor.

Data and nothing else. These are contributions to a forum, as people would write them, not words
of the product; so they stand here and not in the catalogues.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Talk:
    """Sentences of one language; `notes` by kind of note, summaries of at most 40 characters."""

    notes: Mapping[str, tuple[str, ...]]
    summaries: tuple[str, ...]
    asks: tuple[str, ...]


_KO = Talk(
    notes={
        "pro": (
            "헛걸음이 줄어들면 더 자주 오게 될 것 같아요.",
            "돈이 거의 들지 않아서 바로 해 볼 수 있어요.",
            "처음 오는 사람도 금방 알 수 있어서 좋아요.",
            "아이와 함께 와도 눈치가 덜 보일 것 같아요.",
            "이웃끼리 얼굴을 익히는 계기가 돼요.",
            "작게 시작하고 나중에 고칠 수 있어요.",
        ),
        "con": (
            "누가 날마다 챙길지 정해지지 않으면 오래가지 못해요.",
            "휴대폰을 안 쓰는 분들은 소식을 놓칠 수 있어요.",
            "조용히 책을 읽고 싶은 사람도 생각해야 해요.",
            "지금 있는 자원봉사자만으로는 손이 모자라요.",
            "비 오는 날에는 어떻게 할지 걱정돼요.",
        ),
        "idea": (
            "한 달만 먼저 해 보고 다시 이야기하면 어때요?",
            "요일마다 맡는 사람을 달력에 적어 두면 좋겠어요.",
            "학교와 함께하면 청소년도 참여할 수 있어요.",
            "가게 몇 곳에 안내문을 붙여 두면 좋겠어요.",
            "월요일 저녁에도 한 시간만 열어 보면 어때요?",
            "글씨를 크게 쓴 안내판이 하나 더 있으면 해요.",
        ),
        "question": (
            "한 해에 드는 비용은 얼마쯤인가요?",
            "다른 동네에서는 어떻게 하고 있나요?",
            "문을 여는 시간은 누가 정하나요?",
            "사고가 나면 누가 책임지나요?",
        ),
    },
    summaries=(
        "여는 시간을 누구나 볼 수 있게 알리자",
        "한 달 먼저 해 보고 고쳐 나가자",
        "맡는 사람을 요일마다 정해 두자",
        "휴대폰이 없어도 알 수 있게 하자",
        "아이와 어른이 함께 쓰는 시간을 만들자",
        "이웃 가게와 학교도 함께하게 하자",
    ),
    asks=(
        "결정된 내용은 언제부터 시작하나요?",
        "예산이 모자라면 무엇부터 줄이나요?",
        "주말에도 열 수 있나요?",
        "자원봉사는 어떻게 신청하나요?",
        "오늘 나온 이야기는 어디에서 다시 볼 수 있나요?",
    ),
)

_EN = Talk(
    notes={
        "pro": (
            "Fewer wasted trips would bring people more often.",
            "It costs next to nothing, so we could start now.",
            "Newcomers would understand it at once.",
            "Parents with small children would feel welcome.",
            "Neighbours would get to know each other.",
            "We can begin small and mend it later.",
        ),
        "con": (
            "It will not last unless somebody looks after it every day.",
            "Those without a phone might miss the news.",
            "Some people come for the quiet.",
            "There are too few volunteers as it is.",
            "What happens when it rains?",
        ),
        "idea": (
            "Let us try it for one month and talk again.",
            "A calendar could say who is in charge on which day.",
            "Together with the school, young people could take part.",
            "A few shops could put up a notice.",
            "What about one hour on Monday evenings?",
            "One more sign, in large letters, would help.",
        ),
        "question": (
            "What would it cost a year?",
            "How do other neighbourhoods do it?",
            "Who decides the opening hours?",
            "Who is responsible if something happens?",
        ),
    },
    summaries=(
        "Opening hours that everybody can see",
        "Try it for a month, then mend it",
        "Name somebody for each day",
        "Nobody should need a phone to know",
        "Hours that children and adults share",
        "Bring in shops and the school",
    ),
    asks=(
        "When would what we decide begin?",
        "If money is short, what goes first?",
        "Could it be open on weekends?",
        "How can I volunteer?",
        "Where can I read what was said today?",
    ),
)


def talk(language: str | None) -> Talk:
    """The sentences for a forum's language; Korean when there are none of it."""
    return _EN if language == "en" else _KO
