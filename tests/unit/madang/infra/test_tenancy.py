import pytest

from madang.infra.tenancy import Addresses, Tenant, TenantId, Tenants, UnknownTenant

TENANTS = Tenants(
    [
        Tenant(TenantId("a"), {"en": "A"}, "id.a.example", "11"),
        Tenant(TenantId("b"), {"en": "B"}, "id.b.example", "41"),
    ]
)


def test_identifiers_stand_at_the_municipalitys_own_host() -> None:
    addresses = Addresses(TENANTS)
    assert addresses.identifier("a", "issuer") == "https://id.a.example/a/issuer"
    assert addresses.identifier("b", "log") == "https://id.b.example/b/log"
    assert addresses.log_origin("b") == "id.b.example/b/log"


def test_an_origin_of_a_first_run_takes_its_place() -> None:
    addresses = Addresses(TENANTS, {"issuer": "http://127.0.0.1:8401/"})
    assert addresses.identifier("a", "issuer") == "http://127.0.0.1:8401/a/issuer"
    assert addresses.identifier("a", "log") == "https://id.a.example/a/log"


def test_well_known_documents_are_inserted() -> None:
    found = Addresses(TENANTS).well_known("a", "issuer", "openid-credential-issuer")
    assert found == "https://id.a.example/.well-known/openid-credential-issuer/a/issuer"


def test_an_unknown_tenant_has_no_address() -> None:
    with pytest.raises(UnknownTenant):
        Addresses(TENANTS).identifier("c", "issuer")
    with pytest.raises(UnknownTenant):
        TENANTS.get("../a")
    assert TENANTS.ids() == ("a", "b")
    assert [tenant.id for tenant in TENANTS] == ["a", "b"]
