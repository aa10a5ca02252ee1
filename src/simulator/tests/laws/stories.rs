//! The built-in stories: each goes as written, in its world, and leaves a machine that still answers.

use std::time::Duration;

use qubesd_sim::{Handle, Simulator, Stage, Story};

use crate::harness::Served;

/// Plays without waiting; notes what was said and how long it would have taken.
struct Quick {
    handle: Handle,
    said: Vec<String>,
    waited: Duration,
}

impl Quick {
    fn world(name: &str) -> Self {
        Self { handle: Simulator::load(name).unwrap().handle(), said: Vec::new(), waited: Duration::ZERO }
    }
}

impl Stage for Quick {
    fn say(&mut self, text: &str) {
        self.said.push(text.to_owned());
    }

    fn control(&mut self, line: &str) -> Result<String, String> {
        self.handle.control(line)
    }

    fn wait(&mut self, time: Duration) {
        self.waited += time;
    }
}

/// Over the control socket of a real server, where `flood` and `restart` are at home.
struct OverSocket<'a>(&'a Served);

impl Stage for OverSocket<'_> {
    fn say(&mut self, _text: &str) {}

    fn control(&mut self, line: &str) -> Result<String, String> {
        let reply = self.0.control(line);
        reply.strip_prefix("ok").map(|text| text.trim().to_owned()).ok_or(reply)
    }

    fn wait(&mut self, _time: Duration) {}
}

#[test]
fn every_story_goes_as_written() {
    for name in qubesd_sim::story_names() {
        let story = Story::load(name).unwrap();
        assert!(story.duration() < Duration::from_mins(1), "{name} is longer than anybody looks on");
        let server = Served::world(story.world().unwrap_or("laptop"));
        let played = story.play(&mut OverSocket(&server));
        assert_eq!(played, Ok(()));
        server.play("latency 0");
        server.play("restart");
        server.data("admin.vm.feature.Get", "dom0", "plugboard-simulator", "");
    }
}

#[test]
fn a_story_says_does_waits_and_awaits_in_this_order() {
    let text = r#"
        world = "laptop"
        [[step]]
        say = "twice"
        do = ["plug stick", "unplug stick"]
        times = 2
        wait = 250
        until = "status"
        says = "usb=3"
    "#;
    let story = Story::from_toml("test", text).unwrap();
    let mut stage = Quick::world("laptop");
    story.play(&mut stage).unwrap();
    assert_eq!(stage.said, ["twice"]);
    assert_eq!(stage.waited, Duration::from_millis(500));
    assert_eq!(story.duration(), stage.waited);
}

#[test]
fn a_story_that_goes_wrong_tells_line_and_reason() {
    for (text, what) in [
        ("[[step]]\ndo = 'plug nothing'\n", "test:1: plug nothing: There is no gadget named nothing"),
        (
            "\n[[step]]\nuntil = 'status'\nsays = 'usb=99'\nwithin = 100\n",
            "test:2: status: never said 'usb=99', at last 'world=laptop",
        ),
        (
            "world = 'desktop'\n[[step]]\nwait = 1\n",
            "test: it plays in the world desktop, and this is another",
        ),
    ] {
        let story = Story::from_toml("test", text).unwrap();
        let error = story.play(&mut Quick::world("laptop")).unwrap_err().to_string();
        assert!(error.starts_with(what), "{error}");
    }
}

#[test]
fn another_tool_s_call_is_told_as_its_reply_would_tell_it() {
    let handle = Simulator::load("laptop").unwrap().handle();
    let said = handle.control("call admin.vm.List work").unwrap();
    assert!(said.starts_with("work class=AppVM state=Running"));
    let refused = handle.control("call admin.vm.device.usb.Attach+sys-usb+2-5 vault").unwrap_err();
    assert_eq!(refused, "VM not running, cannot attach device, do you mean `assign`?");
}
