import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.trust.trusted_list import (
    GRANTED,
    MAX_DEPTH,
    MAX_TEXT,
    ListedService,
    TrustedListError,
    parse,
)

PID = "http://uri.etsi.org/19602/SvcType/PID/Issuance"
WITHDRAWN = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/withdrawn"
ISSUED = 1_769_990_400


def service(*certificates: bytes, status: str = GRANTED, history: str = "") -> str:
    identities = "".join(
        f"<DigitalId><X509Certificate>\n{base64.encodebytes(each).decode()}</X509Certificate></DigitalId>"
        for each in certificates
    )
    return (
        f"<TSPService><ServiceInformation><ServiceTypeIdentifier>{PID}</ServiceTypeIdentifier>"
        "<ServiceName><Name xml:lang='en'>x</Name></ServiceName>"
        f"<ServiceDigitalIdentity>{identities}<DigitalId><X509SubjectName>CN=x</X509SubjectName>"
        f"</DigitalId></ServiceDigitalIdentity><ServiceStatus> {status} </ServiceStatus>"
        f"</ServiceInformation>{history}</TSPService>"
    )


def listed(*services: str, issued: str = "2026-02-02T00:00:00Z", scheme: str = "") -> bytes:
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        "<t:TrustServiceStatusList xmlns:t='http://uri.etsi.org/02231/v2#'"
        " xmlns='http://uri.etsi.org/02231/v2#'>"
        f"<SchemeInformation><ListIssueDateTime>{issued}</ListIssueDateTime>{scheme}"
        "</SchemeInformation><TrustServiceProviderList><TrustServiceProvider><TSPServices>"
        f"{''.join(services)}</TSPServices></TrustServiceProvider></TrustServiceProviderList>"
        "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><X509Certificate>AA==</X509Certificate>"
        "</Signature></t:TrustServiceStatusList>"
    ).encode()


def test_services_are_read_as_they_stand_now() -> None:
    before = service(b"old", status=WITHDRAWN).replace("TSPService>", "ServiceHistory>")
    found = parse(listed(service(b"one", b"two" * 100, history=before), service(status=WITHDRAWN)))
    assert found.services == (
        ListedService(PID, GRANTED, (b"one", b"two" * 100)),
        ListedService(PID, WITHDRAWN, ()),
    )
    assert (found.issued_at, found.next_update, found.pointers) == (ISSUED, None, ())


def test_a_list_says_when_it_is_over_and_where_others_are() -> None:
    other = "https://other.example/tl.xml"
    pointer = f"<OtherTSLPointer><TSLLocation>{other}</TSLLocation></OtherTSLPointer>"
    scheme = (
        f"<PointersToOtherTSL>{pointer * 2}</PointersToOtherTSL>"
        "<NextUpdate><dateTime>2026-02-02T01:00:00+00:30</dateTime></NextUpdate>"
    )
    found = parse(listed(scheme=scheme))
    assert (found.next_update, found.pointers) == (ISSUED + 1800, (other,))


def test_elements_of_other_namespaces_are_not_taken_for_those_of_the_list() -> None:
    text = listed(service(b"one")).replace(b"<DigitalId>", b"<DigitalId xmlns='urn:x'>")
    assert parse(text).services[0].certificates == ()


BOMB = b"<!DOCTYPE x [<!ENTITY a 'b'>]>"
REFUSED = {
    "nothing": (b"", "no XML"),
    "no-xml": (b"{}", "no XML"),
    "half": (listed()[:-3], "no XML"),
    "another": (b"<a/>", "another document"),
    "another-namespace": (b"<TrustServiceStatusList xmlns='urn:x'/>", "another document"),
    "doctype": (BOMB + b"<a/>", "document type"),
    "external": (b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>", "document type"),
    "entity": (listed(issued="&x;"), "no XML"),
    "encoding": (b"<?xml version='1.0' encoding='x-none'?><a/>", "XML|encoding"),
    "wide-encoding": (b"<?xml version='1.0' encoding='utf-7'?><a/>", "encoding"),
    "no-issue": (b"<TrustServiceStatusList xmlns='http://uri.etsi.org/02231/v2#'/>", "issued"),
    "time": (listed(issued="yesterday"), "time"),
    "deep": (listed("<x>" * MAX_DEPTH + "</x>" * MAX_DEPTH), "deeper"),
    "long": (listed(service(status="x" * (MAX_TEXT + 1))), "characters"),
    "two-statuses": (
        listed(service().replace("<ServiceStatus>", "<ServiceStatus/><ServiceStatus>")),
        "one status",
    ),
    "base64": (
        listed(service(b"one")).replace(base64.encodebytes(b"one"), b"*"),
        "base64",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_documents_are_refused(name: str) -> None:
    data, told = REFUSED[name]
    with pytest.raises(TrustedListError, match=told):
        parse(data)


def test_the_size_is_bounded() -> None:
    data = listed()
    assert parse(data, max_bytes=len(data))
    with pytest.raises(TrustedListError, match="at most"):
        parse(data, max_bytes=len(data) - 1)


@given(st.binary(max_size=100), st.integers(0, 2000), st.integers(0, 50))
def test_any_bytes_give_a_list_or_the_one_error(data: bytes, at: int, cut: int) -> None:
    good = listed(service(b"one"))
    for text in (data, good[:at] + data + good[at + cut :]):
        with suppress(TrustedListError):
            parse(text)
