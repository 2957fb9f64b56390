//! A program in Rust: keeps the supply on, shows what was used, and panics where it is told to.

use std::ffi::{c_char, c_int, CString};

#[repr(C)]
pub struct MeterSleep {
    until_second: u32,
    has_units: bool,
    until_units: u32,
}

extern "C" {
    fn meter_rtc_read(at: u8, data: *mut u8, count: u8) -> bool;
    fn meter_card_present() -> bool;
    fn meter_card_power(on: bool, atr: *mut u8, room: c_int) -> c_int;
    fn meter_card_exchange(command: *const u8, size: c_int, answer: *mut u8, room: c_int) -> c_int;
    fn meter_card_done();
    fn meter_switch_drive(on: bool);
    fn meter_switch_on() -> bool;
    fn meter_metrology_units() -> u32;
    fn meter_display(text: *const c_char);
}

static mut LOG: Vec<u32> = Vec::new(); // anew at every power-up

fn bcd(byte: u8) -> u32 {
    u32::from(byte >> 4) * 10 + u32::from(byte & 15)
}

fn second_of_day() -> u32 {
    let mut r = [0u8; 3];
    unsafe { meter_rtc_read(2, r.as_mut_ptr(), r.len() as u8) };
    (bcd(r[2] & 0x3F) * 60 + bcd(r[1] & 0x7F)) * 60 + bcd(r[0] & 0x7F)
}

fn serve_card() {
    let select = [0u8, 0xA4, 0, 0x0C, 2, 0xDF, 0x01];
    let mut answer = [0u8; 258];
    let status = unsafe {
        meter_card_power(true, std::ptr::null_mut(), 0);
        let size = meter_card_exchange(select.as_ptr(), select.len() as c_int, answer.as_mut_ptr(), 258);
        meter_card_power(false, std::ptr::null_mut(), 0);
        meter_card_done();
        &answer[..size.max(0) as usize]
    };
    if std::env::current_exe().is_ok_and(|path| path.ends_with("panics")) {
        panic!("a card with {status:02x?}");
    }
}

#[no_mangle]
pub extern "C" fn meter_poll(hint: &mut MeterSleep) {
    #[allow(static_mut_refs)]
    let log = unsafe { &mut LOG };
    unsafe {
        if !meter_switch_on() {
            meter_switch_drive(true);
        }
        if meter_card_present() {
            serve_card();
        }
        log.push(meter_metrology_units());
        let text = format!("{} WH, {} POLLS", log.iter().max().unwrap_or(&0), log.len());
        meter_display(CString::new(text).unwrap().as_ptr());
    }
    hint.until_second = (second_of_day() + 3600).min(86400);
}
