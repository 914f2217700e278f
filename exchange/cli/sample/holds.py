"""Holds that formats at hand can carry, by member: samples show them over green codes."""

from exchange.core.health_code import Hold

HOLDS: dict[str, tuple[Hold, ...]] = {
    "110000": (
        Hold("POPUP_3", "时空关联待人工判定"),
        Hold("POPUP_4", "未按要求完成核酸检测"),
    ),
    "130000": (Hold("SYMPTOM_2", "发热乏力咳嗽等感冒样症状"),),
    "410000": (Hold("PLACE_SCAN", "仅凭场所码扫码赋码"),),
}
"""Code and text as the member's table has them; a test writes and reads each."""
