from tests.server_fixture import RunningExchange, record


async def test_a_published_green_code_admits_and_explains_itself(exchange: RunningExchange) -> None:
    client = exchange.client()
    answer = await client.publish_records("510000", record("510102190402290011"))
    assert (answer.accepted_count, list(answer.failures)) == (1, [])
    decision = (await client.check("510102190402290011")).decision
    assert decision.verdict == decision.ADMIT
    assert [finding.reason for finding in decision.findings] == ["LEVEL_ADMITTED"]
    assert decision.findings[0].chinese_text
    assert decision.rendering.colour == "green"
    assert [used.issuer for used in decision.statements] == ["members/510000"]
