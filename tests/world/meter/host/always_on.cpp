// A program in C++: keeps the supply on, and obeys nothing. RAM is an object, made anew at every power-up.
#include "meter_ports.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

class Clock {
public:
    // Second of the chip's own day, PCF8563.
    std::uint32_t second_of_day() const {
        std::array<std::uint8_t, 3> r{};
        meter_rtc_read(2, r.data(), static_cast<std::uint8_t>(r.size()));
        return (bcd(r[2] & 0x3F) * 60 + bcd(r[1] & 0x7F)) * 60 + bcd(r[0] & 0x7F);
    }

private:
    static std::uint32_t bcd(std::uint8_t byte) { return (byte >> 4) * 10u + (byte & 15u); }
};

class Meter {
public:
    void poll(meter_sleep &hint) {
        if (!meter_switch_on()) meter_switch_drive(true);
        if (meter_card_present()) serve_card();
        log_.push_back(meter_metrology_units());
        const auto highest = *std::max_element(log_.begin(), log_.end());
        const std::string text = std::to_string(highest) + " WH, " + std::to_string(log_.size()) + " POLLS";
        meter_display(text.c_str());
        meter_lamps(0);
        hint.until_second = std::min(clock_.second_of_day() + 3600u, 86400u);
    }

private:
    void serve_card() {
        std::array<std::uint8_t, 33> atr{};
        std::array<std::uint8_t, 258> answer{};
        static const std::uint8_t select[] = {0, 0xA4, 0, 0x0C, 2, 0xDF, 0x01};
        const int size = meter_card_power(true, atr.data(), static_cast<int>(atr.size()));
        if (size > 0) meter_card_exchange(select, sizeof select, answer.data(), static_cast<int>(answer.size()));
        meter_card_power(false, nullptr, 0);
        meter_card_done();
    }

    Clock clock_;
    std::vector<std::uint32_t> log_;
};

Meter meter; // its constructor runs once, before the first power-up

} // namespace

extern "C" void meter_poll(meter_sleep *hint) { meter.poll(*hint); }
