"""Names and places put together from syllables: they belong to nobody and to nowhere."""

from random import Random

SURNAMES = "김이박최정강조윤장임한오서신권황안송류홍전고문양손배백허남심노하곽성차주우구민진"
"""The commonest surnames; the first ones are the commonest and are drawn more often."""
GIVEN_FIRST = "가나다도라로리마미보새소슬아여예온유이재주지찬채하한해현호"
GIVEN_LAST = "겸결경담람린민빈빛샘설솔슬안연온율윤은인준찬찬한현혜환휘"
DISTRICTS = ("달빛구", "바람구", "물결구", "숲속구", "노을구")
ROADS = ("은하로", "새싹로", "별무리로", "오솔로", "햇살대로", "이슬로", "무지개로", "솔바람로")
ELSEWHERE = "먼바다시"
"""A city without a register here, from which people moved in."""
WORKPLACES = (
    "햇살상점",
    "은하기계",
    "노을식당",
    "솔바람출판",
    "새싹돌봄센터",
    "물결물류",
    "달빛학원",
)
POSTS = (
    ("청년정책위원", "청년정책과"),
    ("주민자치위원", "주민자치과"),
    ("도시계획위원", "도시계획과"),
    ("주무관", "민원여권과"),
)

PORTRAIT = (
    "_9j_4AAQSkZJRgABAQAAAQABAAD_2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo-AjIqg"
    "tObDoKrarYqMyP_L2u71____m8H____6_-b9__j_wAALCAAgABgBAREA_8QAGAAAAwEBAAAAAAAAAAAA"
    "AAAAAwQFAQL_xAAiEAACAgEDBAMAAAAAAAAAAAABAgARAwQSMRMhQYEiYZH_2gAIAQEAAD8ApwJ1WMNt"
    "7n7HEMDYscTHBKMAaJHYyYRRo8yjgBXCobmp07hELNwImdTb7uknsd_2NYsgypuHsRfWt8lXxVxWH0jV"
    "mrwwn__Z"
)
"""A grey figure on a light ground as JPEG, base64url: everybody's picture."""


def person_name(rng: Random, surname: str = "") -> str:
    """Return a surname, drawn unless it is given, with a given name of two syllables."""
    weights = range(len(SURNAMES), 0, -1)
    drawn = rng.choices(SURNAMES, weights=[w * w for w in weights])[0]
    return (surname or drawn) + rng.choice(GIVEN_FIRST) + rng.choice(GIVEN_LAST)


def address(rng: Random, city: str) -> str:
    """Return an address in a city: district, road, number, flat."""
    flat = f"{rng.randint(1, 19)}{rng.randint(1, 12):02d}호"
    place = f"{rng.choice(DISTRICTS)} {rng.choice(ROADS)} {rng.randint(1, 180)}"
    return f"{city} {place}, {flat}"
